// configs/*_x4.yaml against what the published repositories and papers train with: values as the program resolves them
// through all bases, and what follows from them: the noise schedule, the rate of each step, the crops.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <set>

#include "data/build/crop.h"
#include "diffusion/schedule.h"
#include "models/unet/unet_weight_count.h"
#include "train/shipped_run.h"
#include "train/step/lr_schedule.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using testing::config;
using testing::expect_share;
using testing::expect_values;
using testing::ShippedRun;

// Published values, section by section, under samsr's keys, which are mostly theirs.

/// zsyOAOA/ResShift configs/realsr_swinunet_realesrgan256.yaml and …_journal.yaml, wyf0912/SinSR configs/SinSR.yaml,
/// Liu-Zihang/SAMSR configs/SamSR.yaml: model.params, autoencoder.params, diffusion.params; in_channels is 6 with the
/// LR image counted in, as the later files do not.
constexpr const char* kNetworks = R"(
unet: {image_size: 64, in_channels: 6, model_channels: 160, out_channels: 3, cond_lq: true, dropout: 0,
  attention_resolutions: [64, 32, 16, 8], channel_mult: [1, 2, 2, 4], num_res_blocks: [2, 2, 2, 2], conv_resample: true,
  num_head_channels: 32, use_scale_shift_norm: true, resblock_updown: false, swin_depth: 2, swin_embed_dim: 192,
  window_size: 8, mlp_ratio: 4}
first_stage: {type: vq_f4, scale_factor: 1.0}
autoencoder:
  embed_dim: 3
  n_embed: 8192
  ddconfig: {double_z: false, z_channels: 3, resolution: 256, in_channels: 3, out_ch: 3, ch: 128, ch_mult: [1, 2, 4],
    num_res_blocks: 2, attn_resolutions: [], dropout: 0.0, padding_mode: zeros}
diffusion: {schedule_name: exponential, schedule_kwargs: {power: 0.3}, etas_end: 0.99, kappa: 2.0, predict_type: xstart,
  normalize_input: true}
data: {scale: 4, gt_size: 256, crop_pad_size: 300, rescale_gt: true, use_hflip: true, use_rot: false}
degradation: {kind: second_order, use_sharp: false}
train: {lr: 5.0e-5, weight_decay: 0, ema_rate: 0.999, seed: 123456, beta1: 0.9, eps: 1.0e-8, clip: 0}
)";

/// wyf0912/SinSR and zsyOAOA/ResShift, configs/realsr_swinunet_realesrgan256.yaml.
constexpr const char* kConference = R"(
diffusion: {steps: 15, min_noise_level: 0.04}
resshift: {lambda_lpips: 0}
train: {recipe: resshift, global_batch: 64, beta2: 0.999, lr_schedule: milestones, milestones: [5000, 500000],
  checkpoint_every: 10000}
)";

/// zsyOAOA/ResShift configs/realsr_swinunet_realesrgan256_journal.yaml; loss_coef: [1.0, 1.0] for mse and lpips.
constexpr const char* kJournal = R"(
diffusion: {steps: 4, min_noise_level: 0.2}
resshift: {lambda_lpips: 1.0}
train: {recipe: resshift, steps: 400000, global_batch: 96, microbatch: 12, lr_min: 2.0e-5, lr_schedule: cosine,
  beta2: 0.999, milestones: [5000], checkpoint_every: 10000}
)";

/// wyf0912/SinSR configs/SinSR.yaml: learn_xT and finetune_use_gt: 1.; its trainer's first loss has the weight 1.
constexpr const char* kSinSR = R"(
diffusion: {steps: 15, min_noise_level: 0.04}
distill: {space: latent, lambda_distill: 1, lambda_inverse: 1, lambda_gt: 1, lambda_truth: 0, lambda_l1: 0,
  lambda_structure: 0, lambda_gradient: 0, lambda_texture: 0}
train: {recipe: sinsr, teacher: online, init: auto, steps: 500000, global_batch: 64, lr_schedule: milestones,
  beta2: 0.999, milestones: [5000, 500000], checkpoint_every: 2000}
)";

/// arXiv 2505.07071: T, κ and p of ResShift; m = 1/5 (Table 3), masks pooled with the threshold 0.5, masks of Segment
/// Anything, 10,000 to 15,000 iterations. Not in it: milestones and λ, of Liu-Zihang/SAMSR configs/SamSR.yaml.
constexpr const char* kPaper = R"(
diffusion: {steps: 15, min_noise_level: 0.04}
samsr: {variant: paper, m: 0.2, modulate: both}
masks: {source: sam, pool_threshold: 0.5}
semantic: {loss: amg, lambda: 1.0}
distill: {space: latent, lambda_distill: 1, lambda_inverse: 1, lambda_gt: 1, lambda_truth: 0, lambda_l1: 0,
  lambda_structure: 0, lambda_gradient: 0, lambda_texture: 0}
train: {recipe: samsr, teacher: online, init: auto, steps: 15000, global_batch: 64, lr_schedule: milestones,
  beta2: 0.999, milestones: [50000, 500000]}
)";

/// Liu-Zihang/SAMSR configs/SamSR.yaml and trainer: learn_xT, finetune_use_gt: 1.; batch: [64, 8], microbatch: 64.
constexpr const char* kReleased = R"(
diffusion: {steps: 15, min_noise_level: 0.04}
samsr: {variant: released, m: 0.2, modulate: both}
masks: {source: sam, latent_range: batch, range_group: 64}
semantic: {loss: none, lambda: 1.0}
distill: {space: latent, lambda_distill: 1, lambda_inverse: 1, lambda_gt: 1, lambda_truth: 0, lambda_l1: 0,
  lambda_structure: 0, lambda_gradient: 0, lambda_texture: 0}
train: {recipe: samsr, teacher: online, init: auto, global_batch: 64, microbatch: 64, lr_schedule: milestones,
  beta2: 0.999, milestones: [50000, 500000]}
)";

/// arXiv 2503.13358v5: N, K, both λ, AdamW and 3,000 iterations. Not in it, but of its released trainer or of DMD2's
/// head: the noise channel, the normalisation, the batch, the head.
constexpr const char* kRsd = R"(
unet: {noise_channels: 1}
diffusion: {steps: 15, min_noise_level: 0.04}
rsd: {node_count: 4, nodes: [], fake_steps: 5, normalisation: sid, lambda_lpips: 2.0, lpips_net: alex,
  lambda_gan: 3.0e-3, gan_step: 0, head_kernel: 4, head_groups: 32,
  fake: {lr: 5.0e-5, lr_min: 0, weight_decay: 0, beta1: 0.9, beta2: 0.95, eps: 1.0e-8, clip: 0}}
train: {recipe: rsd, teacher: online, init: auto, global_batch: 64, beta2: 0.95, lr_schedule: milestones,
  milestones: []}
)";

/// LearningHx/TAD-SR configs/TAD-SR.yaml, its code for what the file has not (hsd's steps, the discriminator's form and
/// constant rate), and arXiv 2408.07476 where the code departs from it: inputs scaled once, normal noise.
constexpr const char* kTadsr = R"(
diffusion: {steps: 15, min_noise_level: 0.04}
samsr: {mask_noise: auto}
distill: {space: latent, lambda_distill: 1, lambda_inverse: 0, lambda_gt: 0, lambda_hsd: 1, lambda_adversarial: 0.02,
  lambda_truth: 0, lambda_l1: 0, lambda_structure: 0, lambda_gradient: 0, lambda_texture: 0}
hsd: {steps: 3, input_scaling: once, noise: normal}
discriminator: {c_dim: 64, kernel: 9, groups: 4, slope: 0.2, loss: hinge, start: 1, noise: normal, lr: 5.0e-5,
  weight_decay: 0, beta1: 0.9, beta2: 0.999, eps: 1.0e-8, clip: 0, constant_lr: true}
train: {recipe: tadsr, teacher: online, init: auto, global_batch: 64, microbatch: 8, lr_schedule: milestones,
  milestones: [5000, 500000], checkpoint_every: 2000}
)";

/// What the abstract of arXiv 2506.02605 does not say is TAD-SR's or our choice (vpdsr_origins()).
constexpr const char* kVpdsr = R"(
diffusion: {steps: 15, min_noise_level: 0.04}
samsr: {mask_noise: auto}
distill: {space: latent, lambda_distill: 1, lambda_inverse: 0, lambda_gt: 0, lambda_hsd: 0, lambda_adversarial: 0.02,
  lambda_ess: 0.5, lambda_hfp: 1, decode: straight_through}
ess: {mode: global, patch: 32}
hfp: {filter: fft, radius: 0.25, levels: 2, sigma: 2, eps: 1.0e-06}
discriminator: {sees: features, loss: hinge, start: 1, lr: 5.0e-5, constant_lr: true}
train: {recipe: vpdsr, teacher: online, init: auto, global_batch: 64, microbatch: 8}
)";

/// What the abstract of arXiv 2601.16660 does not say is of related methods or our choice (flowmap_origins()).
constexpr const char* kFlowMap = R"(
unet: {flow_map: true}
flowmap: {variant: shortcut, time_scale: 14, guidance: train, omega: 1.07, p_neg: 0.05, sigma: 0.005,
  diag_fraction: 0.75, lambda_off: 1, target_net: auto}
train: {recipe: flowmap, lr: 2.0e-5, beta1: 0.9, beta2: 0.95, weight_decay: 1.0e-2, clip: 1, ema_rate: 0.999}
)";

struct PublishedRun {
  const char* file;
  const char* values;
  std::int64_t steps;  ///< of training
  double min_noise_level;
  std::int64_t diffusion_steps;
};

const PublishedRun kRuns[] = {
    {"resshift_x4.yaml", kConference, 500'000, 0.04, 15},
    // zsyOAOA/ResShift README.md, "Model card": version-1, 300k iterations; version-2, 500k.
    {"resshift_v1_x4.yaml", kConference, 300'000, 0.04, 15},
    {"resshift_v2_x4.yaml", kConference, 500'000, 0.04, 15},
    {"resshift_v3_x4.yaml", kJournal, 400'000, 0.2, 4},
    {"sinsr_x4.yaml", kSinSR, 500'000, 0.04, 15},
    {"samsr_x4.yaml", kPaper, 15'000, 0.04, 15},
    {"samsr_released_x4.yaml", kReleased, 500'000, 0.04, 15},
    {"tadsr_x4.yaml", kTadsr, 30'000, 0.04, 15},
    {"vpdsr_x4.yaml", kVpdsr, 30'000, 0.04, 15},
    {"rsd_x4.yaml", kRsd, 3'000, 0.04, 15},
    {"vsd_x4.yaml", kRsd, 3'000, 0.04, 15},
};

std::string name_of(const PublishedRun& run) { return fs::path(run.file).stem().string(); }

class PublishedConfigs : public ::testing::TestWithParam<PublishedRun> {
 protected:
  const ShippedRun run_{config(GetParam().file)};
};

TEST_P(PublishedConfigs, HaveThePublishedValues) {
  expect_values(run_.settings, YAML::Load(kNetworks), "");
  expect_values(run_.settings, YAML::Load(GetParam().values), "");
  EXPECT_EQ(run_.train.steps, GetParam().steps);
  EXPECT_NEAR(unet_weight_count(run_.model.unet) / 1e6, 118.6, 0.05);
}

TEST_P(PublishedConfigs, HaveThePublishedNoise) {
  // get_named_eta_schedule of ResShift's models/gaussian_diffusion.py.
  const Schedule schedule(run_.model.diffusion);
  const std::int64_t last = GetParam().diffusion_steps - 1;
  ASSERT_EQ(schedule.last(), last);
  EXPECT_EQ(schedule.kappa(), 2);
  const double start = std::min({GetParam().min_noise_level / 2.0, GetParam().min_noise_level, std::sqrt(0.001)});
  for (std::int64_t i = 0; i <= last; ++i) {
    const double share = std::pow(static_cast<double>(i) / static_cast<double>(last), 0.3);
    EXPECT_NEAR(schedule.sqrt_eta(i), start * std::pow(0.99 / start, share), 1e-12) << i;
  }
}

/// Rate of the trainers at iteration `step` from 1: they set it behind each step, so the first has the full one.
double published_rate(const PublishedRun& run, std::int64_t step) {
  constexpr double kRate = 5e-5;
  const std::int64_t before = step - 1;
  if (run.values == kRsd) {
    return kRate;  // constant
  }
  const std::int64_t warm_up = name_of(run).starts_with("samsr") ? 50'000 : 5'000;
  if (before == 0) {
    return kRate;
  }
  if (before <= warm_up) {
    return kRate * static_cast<double>(before) / static_cast<double>(warm_up);
  }
  if (name_of(run) == "resshift_v3_x4") {
    // CosineAnnealingLR, T_max = iterations - warmup_iterations, eta_min = lr_min.
    const double part = static_cast<double>(before - warm_up) / static_cast<double>(run.steps - warm_up);
    return 2e-5 + 0.5 * (kRate - 2e-5) * (1 + std::cos(std::numbers::pi * part));
  }
  return before >= 500'000 ? kRate / 2 : kRate;
}

TEST_P(PublishedConfigs, HaveTheRateOfTheIterationThatFollows) {
  const std::int64_t steps = GetParam().steps;
  for (const std::int64_t step :
       {std::int64_t{1}, std::int64_t{17}, std::int64_t{4'999}, std::int64_t{5'000}, std::int64_t{5'001},
        std::int64_t{10'000}, std::int64_t{14'999}, steps / 2, steps - 1}) {
    EXPECT_NEAR(learning_rate(run_.train.optimizer, run_.train, step), published_rate(GetParam(), step + 1), 1e-12)
        << "step " << step;
  }
}

TEST_P(PublishedConfigs, CutAsTheReleasedLoadersDo) {
  // realesrgan_dataset.py with rescale_gt: a square of the shorter side, 256 at least, at a random place, mirrored half
  // of the time; no photograph is left out, and small ones are continued by reflection.
  const DataSettings& data = run_.build.data;
  EXPECT_EQ(data.min_size, 1);
  EXPECT_EQ(data.small_photographs, "reflect");
  constexpr std::int64_t kCrops = 4'000;
  std::int64_t mirrored = 0;
  std::set<int> places;
  for (std::uint64_t seed = 0; seed < kCrops; ++seed) {
    const CropPlan plan = draw_crop(data, {500, 375}, seed);
    ASSERT_EQ(plan.rect.size(), cv::Size(375, 375));
    ASSERT_EQ(plan.rect.y, 0);
    ASSERT_FALSE(plan.vflip || plan.transpose);
    places.insert(plan.rect.x);
    mirrored += plan.hflip;
  }
  EXPECT_EQ(places.size(), 126U) << "0 to 125";
  expect_share(mirrored, kCrops, 0.5, "use_hflip");
  EXPECT_EQ(draw_crop(data, {200, 120}, 0).rect, cv::Rect(0, 0, 256, 256));
  cv::Mat small(120, 200, CV_8UC3);
  cv::randu(small, 0, 256);
  const cv::Mat piece = cut(small, {.rect = {0, 0, 256, 256}}, data);
  ASSERT_EQ(piece.size(), cv::Size(256, 256));
  EXPECT_EQ(piece.at<cv::Vec3b>(5, 205), small.at<cv::Vec3b>(5, 193));
  EXPECT_EQ(piece.at<cv::Vec3b>(130, 7), small.at<cv::Vec3b>(108, 7));
}

INSTANTIATE_TEST_SUITE_P(Files, PublishedConfigs, ::testing::ValuesIn(kRuns),
                         [](const auto& each) { return name_of(each.param); });

TEST(ShippedConfigs, TheFlowMapHasTheValuesOfRelatedMethods) {
  const ShippedRun run(config("flowmap_x4.yaml"));
  expect_values(run.settings, YAML::Load(kFlowMap), "");
  const double interval_and_prompts = 160 * 640 + 640 + 640 * 640 + 640 + 2 * 640;
  EXPECT_NEAR((unet_weight_count(run.model.unet) - interval_and_prompts) / 1e6, 118.6, 0.05);
}

/// samsr_x4_fast.yaml is the paper's run but for what it names.
TEST(ShippedConfigs, TheFastRunDiffersInWhatItSays) {
  const ShippedRun paper(config("samsr_x4.yaml"));
  const ShippedRun fast(config("samsr_x4_fast.yaml"));
  std::set<std::string> keys;
  for (const std::string& difference :
       settings_differences(paper.settings.to_yaml(), "samsr_x4.yaml", fast.settings.to_yaml())) {
    keys.insert(difference.substr(0, difference.find(':')));
  }
  EXPECT_EQ(keys, (std::set<std::string>{"data.coverage_hr", "masks.source", "semantic.lambda", "semantic.loss",
                                         "train.teacher"}));
  EXPECT_EQ(fast.build.masks.source, "graph");
  EXPECT_EQ(fast.semantic.loss, "coverage_net");
  EXPECT_EQ(fast.train.teacher, "cached");
  EXPECT_TRUE(fast.build.data.coverage_hr);
}

TEST(ShippedConfigs, VsdIsRsdWithTheGradientStopped) {
  const ShippedRun rsd(config("rsd_x4.yaml"));
  const ShippedRun vsd(config("vsd_x4.yaml"));
  EXPECT_THAT(settings_differences(rsd.settings.to_yaml(), "rsd_x4.yaml", vsd.settings.to_yaml()),
              ::testing::ElementsAre("rsd.gradient: full → stop"));
}

TEST(ShippedConfigs, AreReadAndFitTogether) {
  int runs = 0;
  for (const fs::directory_entry& each : fs::directory_iterator(SAMSR_CONFIGS)) {
    const std::string name = each.path().filename().string();
    if (name.ends_with("_x4.yaml") || name.ends_with("_x4_fast.yaml")) {
      ShippedRun run(each.path());
      run.build.degradation.check();
      run.build.data.out = "shards";
      run.build.data.check();
      run.model.first_stage = run.build.first_stage;
      EXPECT_NO_THROW(run.model.check()) << name;
      EXPECT_LE(run.train.microbatch, run.train.global_batch) << name;
      ++runs;
    }
  }
  EXPECT_GE(runs, 11);
}

}  // namespace
}  // namespace samsr
