#include "train/recipes/flowmap_settings.h"

#include <cmath>

#include "core/error.h"
#include "train/recipes/setting_origin.h"

namespace samsr {
namespace {

using enum Origin;

/// Largest τ that the derivatives of the embeddings bear.
constexpr double kLargestTimeScale = 16;

constexpr SettingOrigin kFlowMapOrigins[] = {
    {"flowmap.variant", kPublished, "all three were tried, shortcut was the best"},
    {"flowmap.guidance", kPublished, "positive-negative prompting guidance; where it acts is our choice"},
    {"flowmap.omega", kRelated, "S3Diff's; above 1.1 it overshoots with the LR latent for the negative"},
    {"flowmap.p_neg", kRelated, "S3Diff's, and that the negative sample's target is the LR latent"},
    {"flowmap.sigma", kRelated, "LBM's"},
    {"flowmap.diag_fraction", kRelated, "arXiv 2505.18825"},
    {"flowmap.target_net", kRelated, "the average for shortcut, as shortcut-models, the network for the others"},
    {"flowmap.lambda_off", kOurs, ""},
    {"flowmap.time_scale", kOurs, "that of ResShift's last step"},
    {"flowmap.condition", kOurs, ""},
    {"flowmap.intervals", kOurs, "shortcut-models has dyadic ones"},
    {"flowmap.guidance_net", kOurs, ""},
    {"train.lr", kRelated, "VOSR's, as the optimizer's other settings"},
    {"train.beta2", kRelated, ""},
    {"train.weight_decay", kRelated, ""},
    {"train.clip", kRelated, ""},
    {"train.ema_rate", kRelated, "shortcut-models'; VOSR has 0.9999"},
    {"train.steps", kOurs, ""},
    {"unet.model_channels", kOurs, "the backbone is not known; ResShift's network"},
};

}  // namespace

std::span<const SettingOrigin> flowmap_origins() { return kFlowMapOrigins; }

void FlowMapTrainSettings::bind(Settings& settings) {
  settings
      .add(
          "flowmap.variant", variant,
          "train.recipe=flowmap: what the map of an interval learns from itself: shortcut: its two halves; lagrangian, "
          "eulerian: its derivative by the end, or by the beginning")
      .one_of({"shortcut", "lagrangian", "eulerian"});
  settings
      .add("flowmap.diag_fraction", diag_fraction,
           "share of a batch whose interval is a point, where the velocity itself is learned")
      .between(0.0, 1.0);
  settings.add("flowmap.lambda_off", lambda_off, "weight of the loss of the other samples; 0: not computed")
      .between(0.0, 1e6);
  settings.add("flowmap.sigma", sigma, "σ of the noise between LR and HR latent").between(0.0, 100.0);
  settings
      .add("flowmap.p_neg", p_neg,
           "probability that a sample has the negative prompt, and the LR latent for its HR latent")
      .between(0.0, 1.0);
  settings
      .add(
          "flowmap.intervals", intervals,
          "intervals of the other samples: uniform: between two uniform times; dyadic: of length 1/2^k, k uniform in 0 "
          "… dyadic_levels, beginning at a multiple of it")
      .one_of({"uniform", "dyadic"});
  settings.add("flowmap.dyadic_levels", dyadic_levels, "intervals=dyadic: the largest k").between(0, 16);
  settings
      .add("flowmap.target_net", target_net,
           "whose answers make the targets: ema: the averaged weights'; live: those of the network that is trained; "
           "auto: ema for shortcut, live for the others")
      .one_of({"auto", "ema", "live"});
  settings
      .add("flowmap.guidance_net", guidance_net,
           "guidance=train: whose answer to the negative prompt guidance leads away from: the averaged weights' (ema), "
           "or that of the network that is trained (live)")
      .one_of({"ema", "live"});
  settings
      .add("flowmap.critic_times", critic_times,
           "train.recipe=flowmap_adversarial: times, one of which is drawn for each image, at which the first stage's "
           "features of real and made latents are looked at")
      .between(0.0, 1.0);
}

bool FlowMapTrainSettings::averaged_targets() const {
  return target_net == "ema" || (target_net == "auto" && variant == "shortcut");
}

std::int64_t FlowMapTrainSettings::diagonal_samples(std::int64_t batch) const {
  const auto samples = static_cast<std::int64_t>(std::llround(diag_fraction * static_cast<double>(batch)));
  if (diag_fraction > 0 && diag_fraction < 1 && (samples == 0 || samples == batch)) {
    throw UserError(
        "flowmap.diag_fraction {} of train.global_batch {} is {} samples, which leaves none on one of the two sides; "
        "set another, or 0 or 1",
        diag_fraction, batch, samples);
  }
  return samples;
}

void FlowMapTrainSettings::check(const FlowMapSettings& model) const {
  if (critic_times.empty()) {
    throw UserError("flowmap.critic_times is empty; give one time at least, such as [0.5]");
  }
  if (diag_fraction == 0 && lambda_off == 0) {
    throw UserError(
        "flowmap.diag_fraction and flowmap.lambda_off are both 0, so that nothing is learned; set one of them (related "
        "methods: 0.75 and 1)");
  }
  if (variant != "shortcut" && model.time_scale > kLargestTimeScale) {
    throw UserError(
        "flowmap.time_scale is {}: flowmap.variant={} differentiates by time, which takes at most {}; lower it, or set "
        "flowmap.variant=shortcut",
        model.time_scale, variant, kLargestTimeScale);
  }
}

}  // namespace samsr
