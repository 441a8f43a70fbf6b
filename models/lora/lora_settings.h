#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// Adapters of a network that is trained with its own weights frozen. Section `train.lora.`.
struct LoraSettings {
  std::int64_t rank = 0;
  double alpha = 0;
  std::vector<std::string> targets{"attn.qkv", "attn.proj", "in_layers.2", "out_layers.3"};
  std::string init;

  /// Whether there are adapters at all.
  bool on() const { return rank > 0; }
  /// α: alpha, or the rank where that is 0.
  double scaled_by() const { return alpha > 0 ? alpha : static_cast<double>(rank); }

  void bind(Settings& settings);
};

}  // namespace samsr
