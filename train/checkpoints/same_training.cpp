#include "train/checkpoints/same_training.h"

#include <algorithm>

#include "core/settings.h"
#include "data/online/fresh_pairs.h"

namespace samsr {
namespace {

/// Keys and sections of what a training means.
constexpr std::string_view kMeaning[] = {
    "train.recipe", "data.degrade", "data.shuffle",  "data.scale",     "unet.",      "diffusion.",
    "samsr.",       "first_stage.", "autoencoder.",  "resshift.",      "distill.",   "hsd.",
    "hfp.",         "ess.",         "perceptual.",   "rsd.",           "flowmap.",   "regression.",
    "network.",     "semantic.",    "coverage_net.", "discriminator.", "train.lora."};
/// Settings among them that name places, or speed, or belong to optimizing, as those of train., which a run may change.
constexpr std::string_view kElsewhere[] = {
    "first_stage.weights", "semantic.weights",          "semantic.every",
    "train.lora.init",     "perceptual.weights",        "rsd.fake.",
    "discriminator.lr",    "discriminator.lr_min",      "discriminator.weight_decay",
    "discriminator.beta1", "discriminator.beta2",       "discriminator.eps",
    "discriminator.clip",  "discriminator.constant_lr", "discriminator.judge_every"};

bool has_meaning(std::string_view key) {
  const auto stands_for = [&](std::string_view each) {
    return each.ends_with('.') ? key.starts_with(each) : key == each;
  };
  return std::ranges::any_of(kMeaning, stands_for) && !std::ranges::any_of(kElsewhere, stands_for);
}

}  // namespace

std::vector<std::string> other_training(const Checkpoint& checkpoint, std::uint64_t seed,
                                        const std::map<std::string, std::string>& data, const std::string& config) {
  std::vector<std::string> differences;
  if (checkpoint.seed != seed) {
    differences.push_back(fmt::format("train.seed: {} → {}", checkpoint.seed, seed));
  }
  for (const auto& [dataset, checksum] : data) {
    const auto before = checkpoint.data.find(dataset);
    if (before != checkpoint.data.end() && before->second != checksum) {
      differences.push_back(dataset == kOnlinePairs ? std::string("photographs, crops, degradation or masks: others")
                                                    : fmt::format("'{}' of the shards: other samples", dataset));
    }
  }
  for (const std::string& difference : settings_differences(checkpoint.config, "the checkpoint's settings", config)) {
    const bool new_or_gone = difference.find(": (none) → ") != std::string::npos || difference.ends_with("→ (none)");
    if (has_meaning(difference.substr(0, difference.find(": "))) && !new_or_gone) {
      differences.push_back(difference);
    }
  }
  return differences;
}

}  // namespace samsr
