#pragma once
// Weights by rule (tests/golden/README.md) of the metrics' networks.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "models/weights/load_weights.h"
#include "support/golden.h"

namespace samsr::testing {

inline NamedWeights weights_by_rule(const std::vector<WantedWeight>& wanted, std::uint64_t salt) {
  NamedWeights weights;
  for (const auto& [name, shape, type] : wanted) {
    weights[name] = rule_seeded(name, shape, salt);
  }
  return weights;
}

/// LPIPS's own weights are never negative.
inline NamedWeights linear_weights_by_rule(const std::vector<WantedWeight>& wanted, std::uint64_t salt) {
  NamedWeights weights = weights_by_rule(wanted, salt);
  for (auto& [name, tensor] : weights) {
    tensor.abs_();
  }
  return weights;
}

/// CLIP with its published temperature.
inline NamedWeights clip_weights_by_rule(const std::vector<WantedWeight>& wanted, std::uint64_t salt) {
  NamedWeights weights = weights_by_rule(wanted, salt);
  weights.at("logit_scale").fill_(std::log(100.0));
  return weights;
}

}  // namespace samsr::testing
