// bf16 against fp32 in a whole step of the paper's size.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "models/layers/autocast.h"
#include "models/super_resolution/super_resolution_model.h"
#include "support/device.h"
#include "support/golden.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {

/// Latents of the paper's geometry come with the batch, so a first stage without weights stands in for the autoencoder.
ModelSettings paper_size() {
  ModelSettings settings;
  settings.first_stage.type = "none";
  settings.scale = 1;
  return settings;
}

TEST(Precision, LossesInBf16AreWithinOnePercentAtThePapersSize) {
  const auto student = std::make_shared<SuperResolutionModel>(paper_size(), 1);
  testing::fill_by_rule(*student->unet(), /*salt=*/0, "student.");
  student->to(testing::device());
  torch::manual_seed(3);
  Batch batch;
  for (at::Tensor* tensor : {&batch.lq, &batch.z_0, &batch.z_y, &batch.x0}) {
    *tensor = testing::placed(torch::rand({1, 3, 64, 64}) * 2 - 1);
  }
  batch.coverage = testing::placed(torch::randint(0, 5, {1, 1, 64, 64}, torch::kUInt8));
  batch.position = {7};
  batch.sample = {0};
  batch.noise_seed = {11};
  SuperResolutionParts parts;
  parts.network = student;
  parts.noise = seeded_noise(0);
  const auto recipe = make_samsr_recipe(std::move(parts));

  const torch::NoGradGuard no_grad;
  const RecipeLosses exact = recipe->losses(batch, {});
  const Autocast autocast(testing::device(), true);
  const RecipeLosses rounded = recipe->losses(batch, {});
  EXPECT_NEAR(rounded.total.item<double>(), exact.total.item<double>(), 0.01 * exact.total.item<double>());
  ASSERT_EQ(exact.terms.size(), 3U);
  for (std::size_t i = 0; i < exact.terms.size(); ++i) {
    const double loss = exact.terms[i].values.item<double>();
    EXPECT_GT(loss, 0);
    EXPECT_NEAR(rounded.terms[i].values.item<double>(), loss, 0.01 * loss) << exact.terms[i].name;
    EXPECT_NE(rounded.terms[i].values.item<double>(), loss) << "not computed in bf16";
  }
}

}  // namespace
}  // namespace samsr
