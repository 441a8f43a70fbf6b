// configs/realesrnet_x4.yaml and realesrgan_x4.yaml against what xinntao/Real-ESRGAN publishes:
// options/train_realesrnet_x4plus.yml, options/train_realesrgan_x4plus.yml, realesrgan/data/realesrgan_dataset.py,
// realesrgan/models.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/recipes/regression_network.h"
#include "train/shipped_run.h"
#include "train/step/lr_schedule.h"

namespace samsr {
namespace {
using testing::config;
using testing::expect_values;
using testing::ShippedRun;

/// network_g, datasets.train, and train of both; num_gpu: 4 with batch_size_per_gpu: 12.
constexpr const char* kBoth = R"(
network: {type: RRDBNet, num_feat: 64, num_block: 23, num_grow_ch: 32}
data: {scale: 4, gt_size: 256, crop_pad_size: 400, use_hflip: true, use_rot: false, seed: 0, degrade: online}
degradation: {kind: second_order, second_order_prob: 1, blur_kernel_min: 7, blur_kernel_size: 21, usm_radius: 50,
  usm_weight: 0.5, usm_threshold: 10}
regression: {lambda_l1: 1}
train: {recipe: regression, global_batch: 48, seed: 0, beta1: 0.9, beta2: 0.99, eps: 1.0e-8, weight_decay: 0, clip: 0,
  ema_rate: 0.999, checkpoint_every: 5000}
)";

/// gt_usm: true, for what is degraded and what is compared with.
constexpr const char* kNet = R"(
degradation: {use_sharp: true}
regression: {lambda_perceptual: 0, lambda_adversarial: 0, usm_weight: 0}
train: {steps: 1000000, lr: 2.0e-4}
)";

/// l1_gt_usm, percep_gt_usm: true, gan_gt_usm: false; perceptual_opt, gan_opt, optim_d; network_d.
constexpr const char* kGan = R"(
degradation: {use_sharp: input}
regression: {lambda_perceptual: 1, layer_weights: [0.1, 0.1, 1, 1, 1], lambda_adversarial: 0.1, usm_weight: 0.5,
  usm_radius: 50, usm_threshold: 10}
discriminator: {sees: image, channels: 64, loss: softplus, start: 1, lr: 1.0e-4, beta1: 0.9, beta2: 0.99,
  weight_decay: 0, eps: 1.0e-8, clip: 0, constant_lr: true}
train: {steps: 400000, lr: 1.0e-4}
)";

TEST(PublishedRegression, HasThePublishedValues) {
  for (const auto& [file, values] : {std::pair("realesrnet_x4.yaml", kNet), std::pair("realesrgan_x4.yaml", kGan)}) {
    SCOPED_TRACE(file);
    const ShippedRun run(config(file));
    expect_values(run.settings, YAML::Load(kBoth), "");
    expect_values(run.settings, YAML::Load(values), "");
    for (const std::int64_t step : {std::int64_t{1}, std::int64_t{1000}, run.train.steps}) {
      EXPECT_EQ(learning_rate(run.train.optimizer, run.train, step), run.train.optimizer.lr)
          << "MultiStepLR's milestone is the last iteration";
    }
  }
}

TEST(PublishedRegression, TheLargeNetworkIsThePublishedOne) {
  const ShippedRun run(config("realesrgan_x4.yaml"));
  std::int64_t weights = 0;
  for (const at::Tensor& parameter : make_regression_network(run.network, 4, 1).module->parameters()) {
    weights += parameter.numel();
  }
  EXPECT_EQ(weights, 16'697'987);
}

}  // namespace
}  // namespace samsr
