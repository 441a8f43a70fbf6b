// The recipe tadsr: order of its moves, what each changes, when spectral vectors advance, the start of the adversarial
// term, masks as a choice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

#include "comm/communicator.h"
#include "models/discriminators/latent_discriminator.h"
#include "models/weights/load_weights.h"
#include "models/weights/safetensors.h"
#include "support/device.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/recipes/super_resolution.h"
#include "train/step/step_metrics.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kTadsrSide = 16;

class TadsrRecipeTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kStudent = 0;
  static constexpr std::size_t kDiscriminator = 1;

  TadsrRecipeTest() {
    parts_.train.optimizer.lr = 1e-3;
    parts_.train.milestones = {};
    parts_.distill.lambda_inverse = parts_.distill.lambda_gt = 0;
    parts_.distill.lambda_hsd = 1;
    parts_.distill.lambda_adversarial = 0.02;
    parts_.distill.discriminator.optimizer.lr = 1e-3;
    parts_.noise = seeded_noise(parts_.train.seed);
    parts_.teacher = model(1);
    torch::manual_seed(7);
    batch_.lq = testing::placed(torch::rand({4, 3, kTadsrSide, kTadsrSide}) * 2 - 1);
    batch_.z_0 = testing::placed(torch::rand({4, 48, kTadsrSide, kTadsrSide}) * 2 - 1);
    batch_.z_y = testing::placed(torch::rand({4, 48, kTadsrSide, kTadsrSide}) * 2 - 1);
    batch_.coverage = testing::placed(torch::randint(0, 4, {4, 1, kTadsrSide, kTadsrSide}, torch::kUInt8));
    batch_.position = {4, 5, 6, 7};
    batch_.sample = {1, 8, 0, 3};
  }

  std::shared_ptr<SuperResolutionModel> model(std::uint64_t seed) const {
    auto made = std::make_shared<SuperResolutionModel>(settings_, seed);
    testing::shake_output(*made);
    made->to(testing::device());
    return made;
  }

  /// The recipe of the parts with a fresh student, on this rank alone.
  void make() {
    parts_.network = model(2);
    auto average = std::make_unique<SuperResolutionModel>(settings_, 2);
    average->to(testing::device());
    parts_.average = std::make_shared<LoadedModel>(LoadedModel{std::move(average), &method_named("tadsr")});
    recipe_ = make_tadsr_recipe(parts_);
    states_ = make_states(*recipe_, 0.999);
    for (TrainableState& state : states_) {
      state.start_average();
      state.connect(*alone_);
    }
  }

  StepRecord step(std::int64_t number, std::int64_t microbatch = 4) {
    const BatchPlan plan(4, microbatch, 0, 1);
    return TrainStep({*recipe_, states_, plan, parts_.train}).run(number, [this] { return batch_; });
  }

  std::map<std::string, at::Tensor> state(std::size_t trainable) const {
    const TensorFile file = state_of(*recipe_->trainables()[trainable].network);
    return {file.tensors.begin(), file.tensors.end()};
  }

  at::Tensor norms(std::size_t trainable) const {
    return at::stack(at::_foreach_norm(states_[trainable].parameters()));
  }

  ModelSettings settings_ = testing::small_model_settings(4);
  SuperResolutionParts parts_;
  Batch batch_;
  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;
};

TEST_F(TadsrRecipeTest, TrainsTheDiscriminatorThenTheStudentOnOneBatch) {
  make();
  const at::Tensor student = norms(kStudent);
  const at::Tensor discriminator = norms(kDiscriminator);
  const StepRecord record = step(1);
  ASSERT_EQ(record.size(), 2U);
  EXPECT_EQ(record[0].trainable, kDiscriminator);
  EXPECT_EQ(record[1].trainable, kStudent);
  EXPECT_FALSE(norms(kStudent).equal(student));
  EXPECT_FALSE(norms(kDiscriminator).equal(discriminator));
  EXPECT_THAT(record[0].names, ElementsAre("loss", "hinge", "accuracy", "real", "fake"));
  EXPECT_THAT(record[1].names, ElementsAre("loss", "distill", "hsd", "adversarial"));
  for (const at::Tensor& parameter : parts_.teacher->unet()->parameters()) {
    ASSERT_FALSE(parameter.grad().defined()) << "the teacher is frozen";
  }
  StepMetrics metrics;
  fill(metrics, record, states_, 4);
  const auto has = [&](const char* name) {
    return std::ranges::count(metrics.losses, name, &std::pair<std::string, double>::first) == 1;
  };
  EXPECT_TRUE(has("adversarial") && has("discriminator_accuracy") && has("discriminator_real"));
}

TEST_F(TadsrRecipeTest, TheStudentsMoveLeavesTheDiscriminatorAlone) {
  parts_.distill.discriminator.optimizer.lr = std::numeric_limits<double>::min();  // its own move changes nothing
  make();
  const auto before = state(kDiscriminator);
  step(1);
  for (const auto& [name, tensor] : state(kDiscriminator)) {
    if (!name.ends_with("weight_u") && !name.ends_with("weight_v")) {
      EXPECT_TRUE(tensor.equal(before.at(name))) << name;
    }
  }
}

TEST_F(TadsrRecipeTest, VectorsAdvanceOnceAPassOfTheStepHoweverItIsCut) {
  make();
  step(1, 4);
  const at::Tensor whole = step(2, 4)[1].images;
  const auto vectors = state(kDiscriminator);
  make();
  step(1, 1);
  EXPECT_TRUE(step(2, 1)[1].images.allclose(whole, 1e-4, 1e-4));
  for (const auto& [name, tensor] : state(kDiscriminator)) {
    if (name.ends_with("weight_u")) {
      EXPECT_TRUE(tensor.allclose(vectors.at(name), 0, 1e-3)) << name;
    }
  }
  // A stopped discriminator: three power iterations a step, of real, fake, and the student's fake.
  parts_.distill.discriminator.optimizer.lr = std::numeric_limits<double>::min();
  make();
  auto* network = dynamic_cast<LatentDiscriminatorImpl*>(recipe_->trainables()[kDiscriminator].network);
  step(1, 1);
  const std::vector<SpectralVectors> expected = network->vectors();
  make();
  network = dynamic_cast<LatentDiscriminatorImpl*>(recipe_->trainables()[kDiscriminator].network);
  std::vector<SpectralVectors> found;
  for (int pass = 0; pass < 3; ++pass) {
    found = network->advance();
  }
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i].u.allclose(expected[i].u, 1e-5, 1e-6)) << i;
  }
}

TEST_F(TadsrRecipeTest, TheAdversarialTermBeginsAtItsStep) {
  parts_.distill.discriminator.start = 3;
  make();
  const at::Tensor discriminator = norms(kDiscriminator);
  EXPECT_THAT(step(1)[1].names, ElementsAre("loss", "distill", "hsd"));
  EXPECT_FALSE(norms(kDiscriminator).equal(discriminator)) << "it trains from the beginning";
  EXPECT_THAT(step(2)[1].names, ElementsAre("loss", "distill", "hsd"));
  EXPECT_THAT(step(3)[1].names, ElementsAre("loss", "distill", "hsd", "adversarial"));
  parts_.distill.lambda_distill = parts_.distill.lambda_hsd = 0;
  make();
  EXPECT_THAT(testing::error_of([&] { step(1); }), HasSubstr("discriminator.start"));
}

TEST_F(TadsrRecipeTest, AStepThatIsNotFiniteChangesNeitherNetwork) {
  make();
  batch_.z_0.select(0, 2).fill_(std::numeric_limits<double>::quiet_NaN());  // D's loss alone looks at it
  const at::Tensor student = norms(kStudent);
  const at::Tensor discriminator = norms(kDiscriminator);
  const StepRecord record = step(1, 2);
  EXPECT_EQ(record[0].skipped.item<float>(), 1);
  EXPECT_EQ(record[1].skipped.item<float>(), 1);
  EXPECT_TRUE(norms(kStudent).equal(student));
  EXPECT_TRUE(norms(kDiscriminator).equal(discriminator));
}

TEST_F(TadsrRecipeTest, ACheckpointGoesOnWithTheVectors) {
  make();
  step(1);
  Checkpoint checkpoint;
  for (const TrainableState& state : states_) {
    state.save(checkpoint);
  }
  for (auto& [name, part] : checkpoint.parts) {
    for (auto& [tensor_name, tensor] : part.tensors) {
      tensor = tensor.clone();  // as in a file: the next step does not reach them
    }
  }
  step(2);
  const auto straight = state(kDiscriminator);
  make();
  for (TrainableState& state : states_) {
    state.load(checkpoint, "checkpoint");
  }
  step(2);
  for (const auto& [name, tensor] : state(kDiscriminator)) {
    EXPECT_TRUE(tensor.equal(straight.at(name))) << name;
  }
}

TEST_F(TadsrRecipeTest, TheDiscriminatorBeginsFromTheFileThatIsNamed) {
  const testing::TemporaryFolder folder;
  make();
  step(1);
  const auto trained = state(kDiscriminator);
  write_safetensors(folder / "discriminator.safetensors", {{trained.begin(), trained.end()}, {}});
  parts_.distill.discriminator.init = folder / "discriminator.safetensors";
  make();
  std::ostringstream said;
  Log log(said, 0, 1, false);
  recipe_->load_first_weights(log);
  EXPECT_THAT(said.str(), HasSubstr("first weights of the discriminator "));
  for (const auto& [name, tensor] : state(kDiscriminator)) {
    EXPECT_TRUE(tensor.equal(trained.at(name))) << name;
  }
  const auto student = state(kStudent);
  write_safetensors(folder / "discriminator.safetensors", {{student.begin(), student.end()}, {}});
  EXPECT_THROW(recipe_->load_first_weights(log), UserError) << "another network's weights";
}

TEST_F(TadsrRecipeTest, AnImageCriticNeedsNoTeacherAndTrainsBothNetworks) {
  parts_.distill.discriminator.network.sees = "image";
  parts_.distill.discriminator.network.channels = 4;
  parts_.distill.lambda_distill = parts_.distill.lambda_hsd = 0;
  parts_.distill.lambda_l1 = 1;
  parts_.teacher = nullptr;
  EXPECT_FALSE(parts_.distill.needs_teacher_network());
  make();
  const at::Tensor student = norms(kStudent);
  const at::Tensor discriminator = norms(kDiscriminator);
  const StepRecord record = step(1);
  EXPECT_THAT(record[0].names, ElementsAre("loss", "hinge", "accuracy", "real", "fake"));
  EXPECT_THAT(record[1].names, ElementsAre("loss", "l1", "adversarial"));
  EXPECT_FALSE(norms(kStudent).equal(student));
  EXPECT_FALSE(norms(kDiscriminator).equal(discriminator));
  const at::Tensor whole = step(2, 4)[1].images;
  make();
  step(1, 1);
  EXPECT_TRUE(step(2, 1)[1].images.allclose(whole, 1e-4, 1e-4)) << "however a step is cut";
}

TEST_F(TadsrRecipeTest, AnImageCriticLearnsToTellATruthFromAStudent) {
  parts_.distill.discriminator.network.sees = "image";
  parts_.distill.discriminator.network.channels = 8;
  parts_.distill.lambda_distill = parts_.distill.lambda_hsd = 0;
  parts_.distill.lambda_l1 = 1;
  parts_.train.optimizer.lr = 1e-9;
  parts_.teacher = nullptr;
  make();
  double first = 0;
  double last = 0;
  for (std::int64_t number = 1; number <= 30; ++number) {
    last = step(number)[0].images.mean().item<double>();
    first = number == 1 ? last : first;
  }
  EXPECT_LT(last, 0.7 * first);
}

TEST_F(TadsrRecipeTest, MasksShapeItsStartWhereTheyAreChosen) {
  parts_.distill.lambda_hsd = parts_.distill.lambda_adversarial = 0;
  for (const char* choice : {"auto", "true", "false"}) {
    settings_.sam.mask_noise = choice;
    make();
    const bool shaped = std::string(choice) == "true";
    const at::Tensor found = recipe_->losses(batch_, {}).total;
    EXPECT_EQ(found.equal(make_samsr_recipe(parts_)->losses(batch_, {}).total), shaped) << choice;
    EXPECT_EQ(found.equal(make_sinsr_recipe(parts_)->losses(batch_, {}).total), !shaped) << choice;
    EXPECT_EQ(recipe_->predict(batch_).equal(make_samsr_recipe(parts_)->predict(batch_)), shaped) << choice;
    EXPECT_EQ(masks_shape_noise(method_named("tadsr"), settings_.sam), shaped);
    EXPECT_EQ(masks_shape_noise(method_of_kind(method_named("tadsr").kind, "file"), settings_.sam), shaped)
        << "as upscaling reads the file";
  }
}

TEST_F(TadsrRecipeTest, CachedRolloutsServeItBesideTheTeacher) {
  make();
  const RecipeLosses online = recipe_->losses(batch_, {});
  EXPECT_FALSE(recipe_->fields().rollout);
  parts_.train.teacher = "cached";
  make();
  EXPECT_TRUE(recipe_->fields().rollout);
  batch_.x0 = torch::zeros_like(batch_.z_0);
  EXPECT_FALSE(recipe_->losses(batch_, {}).terms[0].values.allclose(online.terms[0].values)) << "the batch's is used";
}

}  // namespace
}  // namespace samsr
