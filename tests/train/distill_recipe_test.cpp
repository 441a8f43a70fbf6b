// The distillation recipes with the teacher at hand and with its rollouts from the shards.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.h"
#include "diffusion/distillation.h"
#include "diffusion/method.h"
#include "diffusion/noise.h"
#include "diffusion/rollout.h"
#include "eval/metric_weights_by_rule.h"
#include "models/super_resolution/super_resolution_model.h"
#include "support/device.h"
#include "support/small_model.h"
#include "train/losses/image_losses.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {

constexpr std::int64_t kSize = 16;

ModelSettings model_of(const std::string& variant) {
  ModelSettings model = testing::small_model_settings(3);
  model.sam.variant = variant;
  return model;
}

/// recipe, variant
class DistillRecipeTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  DistillRecipeTest() {
    torch::manual_seed(5);
    for (const auto& model : {teacher_, student_}) {
      model->to(testing::device());
      const torch::NoGradGuard no_grad;
      for (const at::Tensor& parameter : model->unet()->parameters()) {
        parameter.normal_(0, 0.05);  // the output layer begins with zeros
      }
    }
    batch_.lq = testing::placed(torch::rand({3, 3, kSize, kSize}) * 2 - 1);
    batch_.z_0 = testing::placed(torch::rand({3, 48, kSize, kSize}) * 2 - 1);
    batch_.z_y = testing::placed(torch::rand({3, 48, kSize, kSize}) * 2 - 1);
    batch_.coverage = testing::placed(torch::randint(0, 4, {3, 1, kSize, kSize}, torch::kUInt8));
    batch_.position = {4, 5, 6};
    batch_.sample = {1, 8, 0};
  }

  /// What the shards would hold of the online step: the rollout as halves, the seeds of its noise.
  Batch with_rollouts() {
    Batch cached = batch_;
    for (const std::uint64_t position : batch_.position) {
      cached.noise_seed.push_back(noise_seed(train_.seed, position));
    }
    const at::Tensor noise = noise_of(cached.noise_seed, batch_.z_y.sizes().slice(1), testing::device());
    const auto coverage = method_.mask_noise ? std::make_optional(batch_.coverage) : std::nullopt;
    const Schedule& schedule = teacher_->diffusion().schedule();
    const DistillStart from = distill_start(schedule, teacher_->settings().sam, batch_.z_y, noise, coverage);
    const at::Tensor x0 = rollout(teacher_->diffusion(), denoiser_of(teacher_->unet()), from.teacher_process,
                                  from.teacher_x_T, batch_.z_y, batch_.lq);
    cached.x0 = x0.to(at::kHalf).to(at::kFloat);
    return cached;
  }

  std::unique_ptr<Recipe> recipe(const std::shared_ptr<SuperResolutionModel>& teacher) {
    SuperResolutionParts parts{.train = train_,
                               .distill = distill_,
                               .network = student_,
                               .teacher = teacher,
                               .noise = seeded_noise(train_.seed),
                               .lpips = lpips_};
    return method_.mask_noise ? make_samsr_recipe(std::move(parts)) : make_sinsr_recipe(std::move(parts));
  }

  TrainSettings train_;
  DistillSettings distill_;
  std::shared_ptr<const LpipsLoss> lpips_;
  const Method& method_ = method_named(GetParam().first);
  const std::shared_ptr<SuperResolutionModel> teacher_ =
      std::make_shared<SuperResolutionModel>(model_of(GetParam().second), 1);
  const std::shared_ptr<SuperResolutionModel> student_ =
      std::make_shared<SuperResolutionModel>(model_of(GetParam().second), 2);
  Batch batch_;
};

TEST_P(DistillRecipeTest, CachedRolloutsGiveTheLossesOfTheTeacherAtHand) {
  const Batch batch = with_rollouts();
  const RecipeLosses online = recipe(teacher_)->losses(batch_, {});
  const RecipeLosses cached = recipe(nullptr)->losses(batch, {});
  ASSERT_EQ(online.terms.size(), 3U);
  for (std::size_t i = 0; i < online.terms.size(); ++i) {
    const at::Tensor difference = (online.terms[i].values - cached.terms[i].values).abs();
    const double largest = (difference / online.terms[i].values).max().item<double>();
    EXPECT_LT(largest, 1e-3) << online.terms[i].name;  // 11 bits of a half
    EXPECT_GT(online.terms[i].values.min().item<double>(), 0) << online.terms[i].name;
  }
}

TEST_P(DistillRecipeTest, OtherNoiseOrAnotherRolloutChangesTheLosses) {
  Batch cached = with_rollouts();
  const std::unique_ptr<Recipe> on_rollouts = recipe(nullptr);
  const at::Tensor before = on_rollouts->losses(cached, {}).total;
  std::swap(cached.noise_seed[0], cached.noise_seed[1]);
  const at::Tensor other_noise = on_rollouts->losses(cached, {}).total;
  EXPECT_NE(other_noise[0].item<float>(), before[0].item<float>());
  EXPECT_NEAR(other_noise[2].item<float>(), before[2].item<float>(), 1e-5 * before[2].item<float>());
  cached = with_rollouts();
  cached.x0 = cached.x0 + 0.25;
  EXPECT_NE(on_rollouts->losses(cached, {}).total[2].item<float>(), before[2].item<float>());
}

TEST_P(DistillRecipeTest, NoiseDrawnAheadGivesTheSameLossesToTheBit) {
  for (const Batch& plain : {batch_, with_rollouts()}) {
    const std::unique_ptr<Recipe> made = recipe(plain.x0.defined() ? nullptr : teacher_);
    Batch prepared = plain;
    made->prepare(prepared);
    EXPECT_EQ(prepared.noise.sizes(), plain.z_y.sizes());
    EXPECT_TRUE(at::equal(made->losses(prepared, {}).total, made->losses(plain, {}).total));
    EXPECT_TRUE(at::equal(made->losses(slice(prepared, 1, 2), {}).total, made->losses(slice(plain, 1, 2), {}).total));
    prepared.noise = prepared.noise + 1;
    EXPECT_FALSE(at::equal(made->losses(prepared, {}).total, made->losses(plain, {}).total)) << "the batch's is used";
  }
}

TEST_P(DistillRecipeTest, ALossOfNoWeightIsNotComputed) {
  const auto names = [&](const std::shared_ptr<SuperResolutionModel>& teacher) {
    std::vector<std::string> found;
    for (const LossTerm& term : recipe(teacher)->losses(batch_, {}).terms) {
      found.push_back(term.name);
    }
    return found;
  };
  distill_.lambda_gt = 0;
  EXPECT_EQ(names(teacher_), (std::vector<std::string>{"distill", "inverse"}));
  distill_.lambda_truth = 1;
  distill_.lambda_inverse = distill_.lambda_distill = 0;
  EXPECT_EQ(names(nullptr), std::vector<std::string>{"truth"}) << "without a teacher's rollout";
  distill_.lambda_truth = 0;
  EXPECT_THROW(recipe(nullptr), UserError) << "no loss at all";
}

TEST_P(DistillRecipeTest, LossesAgainstTheTruthAreOfTheOneStepPrediction) {
  distill_.lambda_distill = distill_.lambda_inverse = distill_.lambda_gt = 0;
  distill_.lambda_truth = 2;
  distill_.lambda_l1 = 1.5;
  distill_.lambda_structure = 0.5;
  distill_.lambda_gradient = 3;
  distill_.lambda_texture = 5;
  distill_.lambda_lpips = 4;
  const NamedWeights trunk = testing::weights_by_rule(lpips_trunk_weights(LpipsTrunk::kAlex), 1);
  const NamedWeights linear = testing::linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kAlex), 1);
  lpips_ = std::make_shared<const LpipsLoss>(
      LpipsNetwork(LpipsTrunk::kAlex, trunk, linear, testing::device(), /*passes_gradients=*/true),
      distill_.lambda_lpips, /*cut=*/false);
  const RecipeLosses found = recipe(nullptr)->losses(batch_, {});
  const at::Tensor noise = seeded_noise(train_.seed)(batch_, batch_.z_y.sizes().slice(1));
  const auto coverage = method_.mask_noise ? std::make_optional(batch_.coverage) : std::nullopt;
  const Diffusion& diffusion = student_->diffusion();
  const DistillStart from = distill_start(diffusion.schedule(), student_->settings().sam, batch_.z_y, noise, coverage);
  const std::int64_t last = diffusion.schedule().last();
  const at::Tensor x0 = diffusion.predict(denoiser_of(student_->unet()), diffusion.scale_input(from.x_T, last),
                                          steps_of(last, 3, testing::device()), batch_.z_y, batch_.lq);
  const at::Tensor image = student_->first_stage().decode(x0);
  const at::Tensor truth = student_->first_stage().decode(batch_.z_0);
  const at::Tensor expected = 2 * (x0 - batch_.z_0).square().mean({1, 2, 3}) + 1.5 * absolute_loss(image, truth) +
                              0.5 * structure_loss(image, truth) + 3 * gradient_loss(image, truth) +
                              5 * texture_loss(image, truth) + 4 * lpips_->of(image, truth);
  EXPECT_TRUE(found.total.allclose(expected));
  batch_.hr = truth;
  distill_.space = "image";  // the same numbers in another order
  EXPECT_TRUE(recipe(nullptr)->losses(batch_, {}).total.allclose(expected));
}

TEST_P(DistillRecipeTest, GoesWithoutTeacherOnlyOnRollouts) {
  EXPECT_THROW(recipe(nullptr)->losses(batch_, {}), c10::Error);
}

INSTANTIATE_TEST_SUITE_P(Recipes, DistillRecipeTest,
                         ::testing::Values(std::pair("sinsr", "paper"), std::pair("samsr", "paper"),
                                           std::pair("samsr", "released")),
                         [](const auto& test) { return std::string(test.param.first) + "_" + test.param.second; });

}  // namespace
}  // namespace samsr
