// RSD's nodes, moves and first weights.

#include "train/recipes/rsd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <sstream>

#include "comm/communicator.h"
#include "eval/metric_weights_by_rule.h"
#include "models/weights/load_weights.h"
#include "support/device.h"
#include "support/small_model.h"
#include "support/user_error.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;

TEST(RsdSettings, NodesAreEvenlySpacedOrNamed) {
  const Schedule schedule{DiffusionSettings()};
  RsdSettings settings;
  EXPECT_THAT(settings.nodes_of(schedule), ElementsAre(3, 7, 11, 14));
  settings.node_count = 1;
  EXPECT_THAT(settings.nodes_of(schedule), ElementsAre(14));
  settings.node_count = 15;
  EXPECT_EQ(settings.nodes_of(schedule).size(), 15U);
  settings.node_count = 16;
  EXPECT_THAT(error_of([&] { settings.nodes_of(schedule); }), HasSubstr("rsd.node_count is 16"));
  settings.nodes = {0, 14};
  EXPECT_THAT(settings.nodes_of(schedule), ElementsAre(0, 14));
  for (const std::vector<std::int64_t>& wrong : {std::vector<std::int64_t>{0, 13}, {14, 14}, {9, 3, 14}, {3, 15}}) {
    settings.nodes = wrong;
    EXPECT_THAT(error_of([&] { settings.nodes_of(schedule); }), HasSubstr("end at 14"));
  }
}

class RsdRecipeTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kStudent = 0;  ///< its index in trainables()
  static constexpr std::size_t kFake = 1;

  RsdRecipeTest() {
    torch::manual_seed(5);
    teacher_->to(testing::device());
    student_->to(testing::device());
    {
      const torch::NoGradGuard no_grad;
      for (const at::Tensor& parameter : teacher_->unet()->parameters()) {
        parameter.normal_(0, 0.05);
      }
    }
    settings_.lambda_lpips = 0;
    settings_.node_count = 2;
    settings_.head_groups = 8;
    train_.milestones = {};
    train_.optimizer.lr = settings_.fake.lr = 1e-3;
  }

  static ModelSettings student_settings() {
    ModelSettings settings = testing::small_model_settings(4);
    settings.unet.noise_channels = 1;
    return settings;
  }

  std::unique_ptr<Recipe> recipe() {
    SuperResolutionParts parts;
    parts.train = train_;
    parts.network = student_;
    parts.teacher = teacher_;
    parts.noise = seeded_noise(train_.seed);
    parts.perceptual = perceptual_;
    auto made = make_rsd_recipe(std::move(parts), settings_);
    std::ostringstream said;
    Log log(said, 0, 1, false);
    made->load_first_weights(log);
    return made;
  }

  Batch batch(std::uint64_t first) const {
    Batch made;
    torch::manual_seed(first);
    made.lq = testing::placed(torch::rand({4, 3, 16, 16}) * 2 - 1);
    made.z_0 = testing::placed(torch::rand({4, 48, 16, 16}) * 2 - 1);
    made.z_y = testing::placed(torch::rand({4, 48, 16, 16}) * 2 - 1);
    for (std::uint64_t b = 0; b < 4; ++b) {
      made.position.push_back(first + b);
      made.sample.push_back(b);
    }
    return made;
  }

  /// A step of the trainer, which reads the batches from position 4·(K+1)·(step-1) on.
  StepRecord step(Recipe& made, std::vector<TrainableState>& states, std::int64_t number, std::int64_t microbatch = 4) {
    const BatchPlan plan(4, microbatch, 0, 1);
    std::uint64_t position = 4 * batches_in(made, number - 1);
    return TrainStep({made, states, plan, train_}).run(number, [&] {
      const Batch next = batch(position);
      position += 4;
      return next;
    });
  }

  static std::vector<TrainableState> states_of(const Recipe& made, Communicator& communicator) {
    std::vector<TrainableState> states = make_states(made, 0.999);
    for (TrainableState& state : states) {
      state.connect(communicator);
    }
    return states;
  }

  TrainSettings train_;
  RsdSettings settings_;
  std::shared_ptr<const PerceptualLoss> perceptual_;
  const std::shared_ptr<SuperResolutionModel> teacher_ =
      std::make_shared<SuperResolutionModel>(testing::small_model_settings(4), 1);
  const std::shared_ptr<SuperResolutionModel> student_ = std::make_shared<SuperResolutionModel>(student_settings(), 2);
};

TEST_F(RsdRecipeTest, AStepIsKMovesOfTheFakeNetworkAndOneOfTheStudentWithABatchEach) {
  settings_.fake_steps = 3;
  const auto made = recipe();
  const std::vector<Move> moves = made->moves(1);
  ASSERT_EQ(moves.size(), 4U);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    EXPECT_EQ(moves[i].trainable, i < 3 ? kFake : kStudent);
    EXPECT_TRUE(moves[i].fresh_batch);
  }
  EXPECT_EQ(batches_in(*made, 10), 40U) << "so a position in the data follows from the step";
}

TEST_F(RsdRecipeTest, StudentAndFakeNetworkBeginAsTheTeacher) {
  settings_.lambda_gan = 0;
  const auto made = recipe();
  const Batch seen = batch(0);
  const RecipeLosses student = made->losses(seen, {.trainable = kStudent});
  ASSERT_EQ(student.terms.size(), 1U);
  EXPECT_LT(student.terms[0].values.abs().max().item<float>(), 1e-6) << "the fake network is the teacher";
  TensorFile fake = state_of(*made->trainables()[kFake].network);
  const TensorFile teacher = state_of(*teacher_->unet());
  ASSERT_EQ(fake.tensors.size(), teacher.tensors.size());
  for (std::size_t i = 0; i < fake.tensors.size(); ++i) {
    EXPECT_EQ(fake.tensors[i].first, "fake." + teacher.tensors[i].first);
    EXPECT_TRUE(fake.tensors[i].second.equal(teacher.tensors[i].second));
  }
}

TEST_F(RsdRecipeTest, EachMoveUpdatesItsNetworkAndLeavesTheTeacher) {
  settings_.fake_steps = 2;
  const auto made = recipe();
  const auto alone = make_single_communicator();
  std::vector<TrainableState> states = states_of(*made, *alone);
  const TensorFile teacher = state_of(*teacher_->unet());
  double first = 0;
  double last = 0;
  for (std::int64_t number = 1; number <= 12; ++number) {
    const StepRecord record = step(*made, states, number);
    ASSERT_EQ(record.size(), 3U);
    for (const MoveRecord& move : record) {
      EXPECT_EQ(move.skipped.item<float>(), 0);
      EXPECT_GT(move.gradient_norm.item<double>(), 0);
    }
    EXPECT_NE(record[0].samples.size(), 0U);
    EXPECT_EQ(record[0].names, (std::vector<std::string>{"loss", "mse", "gan", "accuracy"}));
    EXPECT_EQ(record[2].names, (std::vector<std::string>{"loss", "distill", "gan"}));
    (number == 1 ? first : last) = record[0].total[2].item<double>();
  }
  EXPECT_LT(last, first) << "the head learns to tell latents from answers";
  const TensorFile after = state_of(*teacher_->unet());
  for (std::size_t i = 0; i < teacher.tensors.size(); ++i) {
    EXPECT_TRUE(after.tensors[i].second.equal(teacher.tensors[i].second)) << teacher.tensors[i].first;
  }
}

TEST_F(RsdRecipeTest, MicrobatchesAndRecomputationGiveTheSameStep) {
  settings_.fake_steps = 2;
  const auto losses_of = [&](std::int64_t microbatch, bool recompute) {
    train_.checkpoint_activations = recompute;
    student_->unet()->recompute_activations(recompute);
    const auto made = recipe();
    const auto alone = make_single_communicator();
    std::vector<TrainableState> states = states_of(*made, *alone);
    std::vector<at::Tensor> losses;
    for (std::int64_t number = 1; number <= 3; ++number) {
      for (const MoveRecord& move : step(*made, states, number, microbatch)) {
        losses.push_back(move.images.clone());
      }
    }
    return at::cat(losses);
  };
  const at::Tensor whole = losses_of(4, false);
  EXPECT_TRUE(losses_of(1, false).allclose(whole, 1e-4, 1e-5));
  EXPECT_TRUE(losses_of(4, true).allclose(whole, 1e-4, 1e-5));
  EXPECT_TRUE(losses_of(4, false).equal(whole));
}

TEST_F(RsdRecipeTest, FeaturesOfATinyEncoderStandInThePlaceOfLpips) {
  perceptual_ = std::make_shared<const PerceptualLoss>(
      TinyEncoder(testing::weights_by_rule(tiny_encoder_weights(), 1), testing::device()),
      std::vector<std::int64_t>{4, 8}, std::vector<double>{0.5, 0.5});
  settings_.lambda_perceptual = 2;
  settings_.lambda_gan = 0;
  const auto made = recipe();
  EXPECT_TRUE(made->fields().hr);
  Batch seen = batch(0);
  seen.hr = student_->first_stage().decode(seen.z_0);
  const RecipeLosses losses = made->losses(seen, {.trainable = kStudent});
  ASSERT_EQ(losses.terms.size(), 2U);
  EXPECT_EQ(losses.terms[1].name, "perceptual");
  const at::Tensor expected = perceptual_->of(student_->first_stage().decode(losses.predictions.at(1)), seen.hr);
  EXPECT_TRUE(losses.terms[1].values.equal(expected));
  EXPECT_TRUE(losses.total.allclose(losses.terms[0].values + 2 * expected));
}

TEST_F(RsdRecipeTest, StoppedAndFullGradientsMoveTheStudentElsewhere) {
  const auto gradient_of = [&](const char* gradient) {
    settings_.gradient = gradient;
    settings_.lambda_gan = 0;
    const auto made = recipe();
    const auto alone = make_single_communicator();
    std::vector<TrainableState> states = states_of(*made, *alone);
    return step(*made, states, 1).back().gradient_norm.item<double>();
  };
  const double full = gradient_of("full");
  EXPECT_GT(full, 0);
  EXPECT_GT(std::abs(full - gradient_of("stop")), 1e-3 * full);
}

TEST_F(RsdRecipeTest, AHeadThatDoesNotFitIsOneLine) {
  settings_.head_kernel = 6;
  EXPECT_THAT(error_of([&] { recipe(); }), AllOf(HasSubstr("rsd.head_kernel is 6"), HasSubstr("8×8")));
  settings_.head_kernel = 4;
  settings_.head_groups = 7;
  EXPECT_THAT(error_of([&] { recipe(); }), HasSubstr("rsd.head_groups is 7"));
  settings_.head_groups = 8;
  settings_.gan_step = 4;
  EXPECT_THAT(error_of([&] { recipe(); }), HasSubstr("rsd.gan_step is 4"));
}

}  // namespace
}  // namespace samsr
