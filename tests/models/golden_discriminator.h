#pragma once
// The discriminator of a golden file: settings, and weights and spectral vectors as the file has them.

#include "models/discriminators/latent_discriminator.h"
#include "models/golden_settings.h"
#include "support/golden.h"

namespace samsr::testing {

/// `node`: discriminator in the file's config.
inline DiscriminatorNetworkSettings discriminator_settings(const YAML::Node& node) {
  return settings_of<DiscriminatorNetworkSettings>(node, "discriminator", {"taps", "loss", "steps"});
}

/// Parameters by the rule under `discriminator.`, the vectors u and v from in/.
inline void fill_discriminator(torch::nn::Module& discriminator, const Golden& golden) {
  fill_by_rule(discriminator, golden.salt(), "discriminator.");
  const torch::NoGradGuard no_grad;
  for (auto& buffer : discriminator.named_buffers()) {
    buffer.value().copy_(golden.read("in/discriminator." + buffer.key()));
  }
}

}  // namespace samsr::testing
