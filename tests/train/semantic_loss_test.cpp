// L_SC: what has a gradient and what has none.

#include "train/losses/semantic_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <sstream>

#include "core/error.h"
#include "diffusion/distillation.h"
#include "support/small_model.h"
#include "support/user_error.h"
#include "train/recipes/recipe.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kSide = 16;

/// Masks by rule: how many of three brightness levels an LR pixel exceeds.
at::Tensor count_levels(const at::Tensor& images) {
  const at::Tensor brightness = at::avg_pool2d(images, {4, 4}).mean(1, /*keepdim=*/true);
  return ((brightness > -0.3).to(at::kByte) + (brightness > 0).to(at::kByte) + (brightness > 0.3).to(at::kByte)).cpu();
}

void fill_by_seed(torch::nn::Module& module, std::uint64_t seed) {
  torch::manual_seed(seed);
  const torch::NoGradGuard no_grad;
  for (const at::Tensor& parameter : module.parameters()) {
    parameter.normal_(0, 0.05);  // output layers begin with zeros
  }
}

class SemanticLossTest : public ::testing::Test {
 protected:
  SemanticLossTest() {
    fill_by_seed(*student_.unet(), 5);
    fill_by_seed(*teacher_.unet(), 6);
    batch_.lq = torch::rand({2, 3, kSide, kSide}) * 2 - 1;
    batch_.z_0 = torch::rand({2, 48, kSide, kSide}) * 2 - 1;
    batch_.z_y = torch::rand({2, 48, kSide, kSide}) * 2 - 1;
    batch_.coverage = torch::randint(0, 4, {2, 1, kSide, kSide}, torch::kUInt8);
    batch_.position = {8, 9};
    batch_.sample = {1, 0};
    train_.global_batch = 2;
    only_semantic_.lambda_distill = only_semantic_.lambda_inverse = only_semantic_.lambda_gt = 0;
  }

  /// A frozen net for `kind` of this model's pictures.
  std::unique_ptr<SemanticLoss> coverage_net(const std::string& kind, double weight = 1, bool from_gt = true) {
    const ModelSettings& model = student_.settings();
    CoverageNetSettings settings;
    settings.channels = 4;
    settings.input = kind;
    CoverageNet net = make_coverage_net(settings, coverage_net_input(kind, model.first_stage, model.scale), 3);
    fill_by_seed(*net, 4);
    for (at::Tensor& parameter : net->parameters()) {
      parameter.requires_grad_(false).mul_(4);
    }
    return make_coverage_net_loss(net, student_.first_stage(), weight, from_gt);
  }

  std::unique_ptr<SemanticLoss> amg(bool counts, std::int64_t every = 1) {
    return make_amg_loss({count_levels, student_.first_stage(), counts, every, train_.global_batch});
  }

  RecipeLosses losses(SemanticLoss& semantic, const DistillSettings& distill) {
    return make_recipe({train_, distill, student_, &teacher_, seeded_noise(train_.seed), &semantic})->losses(batch_);
  }

  double student_gradient() {
    double sum = 0;
    for (const at::Tensor& parameter : student_.unet()->parameters()) {
      sum += parameter.grad().defined() ? parameter.grad().square().sum().item<double>() : 0;
    }
    return std::sqrt(sum);
  }

  TrainSettings train_;
  DistillSettings only_semantic_;
  SuperResolutionModel student_{testing::small_model_settings(3), 1};
  SuperResolutionModel teacher_{testing::small_model_settings(3), 2};
  Batch batch_;
};

class SemanticNetTest : public SemanticLossTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(SemanticNetTest, EqualPicturesGiveZeroAndOthersDoNot) {
  const auto semantic = coverage_net(GetParam());
  EXPECT_EQ(semantic->of({batch_.z_0, {}}, batch_).max().item<float>(), 0);
  const at::Tensor other = semantic->of({batch_.z_y, {}}, batch_);
  EXPECT_EQ(other.sizes(), at::IntArrayRef({2}));
  EXPECT_GT(other.min().item<float>(), 0);
}

TEST_P(SemanticNetTest, AloneItMovesTheStudent) {
  const auto semantic = coverage_net(GetParam());
  const RecipeLosses found = losses(*semantic, only_semantic_);
  EXPECT_EQ(found.terms.back().first, "semantic");
  EXPECT_TRUE(found.total.allclose(found.terms.back().second));
  found.total.sum().backward();
  EXPECT_GT(student_gradient(), 0);
}

TEST_P(SemanticNetTest, GradientOfTheStudentAgreesWithDifferences) {
  const auto semantic = coverage_net(GetParam());
  const Diffusion& diffusion = student_.diffusion();
  const std::int64_t last = diffusion.schedule().last();
  const auto loss = [&] {
    const at::Tensor x0 = diffusion.predict(denoiser_of(student_.unet()), diffusion.scale_input(batch_.z_0, last),
                                            steps_of(last, 2, at::kCPU), batch_.z_y, batch_.lq);
    return semantic->of({x0, {}}, batch_).sum();
  };
  const at::Tensor at_start = loss();
  at_start.backward();
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : student_.unet()->parameters()) {
    if (parameter.grad().defined()) {
      parameters.push_back(parameter);
      gradients.push_back(parameter.grad().clone());
    }
  }
  // Along the gradient g the loss changes by |g|² a unit.
  const double expected = student_gradient() * student_gradient();
  const double step = 0.01 * at_start.item<double>() / expected;
  const torch::NoGradGuard no_grad;
  const auto moved = [&](double by) {
    at::_foreach_add_(parameters, gradients, by);
    const double value = loss().item<double>();
    at::_foreach_add_(parameters, gradients, -by);
    return value;
  };
  EXPECT_NEAR((moved(step) - moved(-step)) / (2 * step), expected, 0.01 * expected);
}

INSTANTIATE_TEST_SUITE_P(Inputs, SemanticNetTest, ::testing::Values("image", "latent"));

TEST_F(SemanticLossTest, EntersTheTotalWithItsWeight) {
  const auto semantic = coverage_net("image", 0.5);
  const DistillSettings all;
  const RecipeLosses with = losses(*semantic, all);
  const RecipeLosses without =
      make_recipe({train_, all, student_, &teacher_, seeded_noise(train_.seed)})->losses(batch_);
  ASSERT_EQ(with.terms.size(), without.terms.size() + 1);
  EXPECT_TRUE(with.total.allclose(without.total + 0.5 * with.terms.back().second));
}

TEST_F(SemanticLossTest, ImagesThatTheRecipeDecodedAreNotDecodedAgain) {
  DistillSettings image = only_semantic_;
  image.space = "image";
  batch_.hr = student_.first_stage().decode(batch_.z_0);
  const auto semantic = coverage_net("image");
  const at::Tensor of_images = losses(*semantic, image).terms.back().second;
  const at::Tensor of_latents = losses(*semantic, only_semantic_).terms.back().second;
  EXPECT_TRUE(of_images.allclose(of_latents));
}

TEST_F(SemanticLossTest, NeedsTheHrImageOnlyWhereLatentsDoNotGiveIt) {
  EXPECT_FALSE(coverage_net("image")->needs_hr());
  EXPECT_FALSE(coverage_net("latent")->needs_hr());
  EXPECT_FALSE(amg(false)->needs_hr());
}

TEST_F(SemanticLossTest, AmgIsLoggedAndHasNoGradient) {
  const auto semantic = amg(/*counts=*/false);
  const DistillSettings all;
  const RecipeLosses found = losses(*semantic, all);
  EXPECT_EQ(found.terms.back().first, "semantic");
  EXPECT_GT(found.terms.back().second.min().item<float>(), 0);
  EXPECT_FALSE(found.terms.back().second.requires_grad());
  const RecipeLosses without =
      make_recipe({train_, all, student_, &teacher_, seeded_noise(train_.seed)})->losses(batch_);
  EXPECT_TRUE(at::equal(found.total, without.total));
  EXPECT_THROW(losses(*semantic, only_semantic_), UserError) << "nothing has a gradient";
}

TEST_F(SemanticLossTest, LooksAtTheAnswerThatItIsAskedTo) {
  const Diffusion& diffusion = student_.diffusion();
  const at::Tensor noise = seeded_noise(train_.seed)(batch_, batch_.z_y.sizes().slice(1));
  const DistillStart from =
      distill_start(diffusion.schedule(), student_.settings().sam, batch_.z_y, noise, batch_.coverage);
  const DistillPredictions all = distill_predictions(diffusion, denoiser_of(student_.unet()),
                                                     {batch_.z_0, batch_.z_y, batch_.lq, from.x_T, batch_.z_0});
  for (const bool from_gt : {true, false}) {
    const auto semantic = coverage_net("image", 1, from_gt);
    const at::Tensor expected = semantic->of({from_gt ? all.x0_from_gt : all.x0, {}}, batch_);
    EXPECT_TRUE(losses(*semantic, only_semantic_).total.allclose(expected)) << from_gt;
  }
}

TEST_F(SemanticLossTest, AmgComparesWeightsOrCounts) {
  const at::Tensor prediction = student_.first_stage().decode(batch_.z_y);
  const at::Tensor truth = student_.first_stage().decode(batch_.z_0);
  const at::Tensor a = count_levels(prediction).to(at::kFloat);
  const at::Tensor b = count_levels(truth).to(at::kFloat);
  const DecodedPrediction both{batch_.z_y, {}};
  EXPECT_TRUE(amg(true)->of(both, batch_).allclose((a - b).square().mean({1, 2, 3})));
  const at::Tensor weights = a / a.amax({2, 3}, true) - b / b.amax({2, 3}, true);
  EXPECT_TRUE(amg(false)->of(both, batch_).allclose(weights.square().mean({1, 2, 3})));
}

TEST_F(SemanticLossTest, AmgLooksForMasksInEveryNthStep) {
  const auto semantic = amg(false, 3);
  for (const std::uint64_t step : {0U, 1U, 2U, 3U, 4U, 6U}) {
    batch_.position = {2 * step, 2 * step + 1};
    EXPECT_EQ(semantic->of({batch_.z_y, {}}, batch_).defined(), step % 3 == 0) << step;
  }
}

class MakeSemanticLoss : public SemanticLossTest {
 protected:
  std::unique_ptr<SemanticLoss> make(const SemanticSettings& settings, const CoverageCounter& counter = count_levels) {
    return make_semantic_loss(settings, train_, student_, at::kCPU, counter, log_);
  }

  std::ostringstream said_;
  Log log_{said_, 0, 1, false};
};

TEST_F(MakeSemanticLoss, SaysThatAmgHasNoGradient) {
  SemanticSettings settings;
  settings.loss = "amg";
  ASSERT_NE(make(settings), nullptr);
  EXPECT_THAT(said_.str(), HasSubstr("semantic.loss amg is a count: no gradient; it is logged only"));
  EXPECT_EQ(make(settings)->weight(), 0);
  EXPECT_THROW(make(settings, {}), UserError);
}

TEST_F(MakeSemanticLoss, WithoutWeightsThereIsNoneOrALineThatSaysWhatToDo) {
  SemanticSettings settings;
  EXPECT_EQ(make(settings), nullptr);
  EXPECT_THAT(said_.str(), HasSubstr("semantic.weights"));
  settings.loss = "coverage_net";
  EXPECT_THAT(testing::error_of([&] { make(settings); }),
              AllOf(HasSubstr("semantic.weights is not set"), HasSubstr("train.recipe=coverage_net")));
  settings.loss = "none";
  EXPECT_EQ(make(settings), nullptr);
}

TEST_F(MakeSemanticLoss, AutoIsForSamsrAlone) {
  train_.recipe = "sinsr";
  SemanticSettings settings;
  settings.weights = "/nowhere";
  EXPECT_EQ(make(settings), nullptr);
  train_.recipe = "samsr";
  EXPECT_THROW(make(settings), UserError);
}

}  // namespace
}  // namespace samsr
