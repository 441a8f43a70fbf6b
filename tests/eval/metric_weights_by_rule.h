#pragma once
// Weights by rule (tests/golden/README.md) of the metrics' networks.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "models/weights/load_weights.h"
#include "support/golden.h"

namespace samsr::testing {

/// `prefix`: of the names that the rule goes by.
inline NamedWeights weights_by_rule(const std::vector<WantedWeight>& wanted, std::uint64_t salt,
                                    const std::string& prefix = "") {
  NamedWeights weights;
  for (const auto& [name, shape, type] : wanted) {
    weights[name] = rule_seeded(prefix + name, shape, salt);
  }
  return weights;
}

/// pyiqa's name of a trunk's tensor, net.sliceK.N.weight, for torchvision's, features.N.weight: the rule goes by it.
inline std::string name_in_slices(const Golden& golden, const std::string& name) {
  const std::string ending = name.substr(std::string("features").size());
  for (const std::string& known : golden.param_names()) {
    if (known.starts_with("net.") && known.ends_with(ending)) {
      return known;
    }
  }
  return {};
}

/// The trunk of LPIPS in a golden file.
inline NamedWeights trunk_weights_by_rule(const Golden& golden, const std::vector<WantedWeight>& wanted) {
  NamedWeights weights;
  for (const auto& [name, shape, type] : wanted) {
    weights[name] = rule_seeded(name_in_slices(golden, name), shape, golden.salt());
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

/// One tensor whose rule is u sqrt(6 / fan_in) where it has four dimensions, so that deep networks keep their signal.
inline at::Tensor strong_by_rule(const std::string& name, at::IntArrayRef shape, std::uint64_t salt) {
  const at::Tensor values = rule_seeded(name, shape, salt);
  return shape.size() == 4 ? (values.to(at::kDouble) * std::sqrt(2.0)).to(at::kFloat) : values;
}

/// CLIP with its published temperature.
inline NamedWeights clip_weights_by_rule(const std::vector<WantedWeight>& wanted, std::uint64_t salt) {
  NamedWeights weights = weights_by_rule(wanted, salt);
  weights.at("logit_scale").fill_(std::log(100.0));
  return weights;
}

}  // namespace samsr::testing
