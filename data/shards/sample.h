#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// What one sample stores: arrays by the names of the shard's datasets, and where they come from.
/// The names in use, for a low-resolution image of (H, W) and a scale s:
///   hr (s H, s W, 3) uint8 RGB, lr (H, W, 3) uint8 RGB, coverage (H, W) uint8: masks over each pixel,
///   coverage_hr (H, W) uint8: the same of the high-resolution image, z_hr and z_lr (C, h, w) half.
struct Sample {
  std::vector<std::pair<std::string, at::Tensor>> fields;  ///< contiguous, on the CPU
  std::string source;                                      ///< JSON
};

}  // namespace samsr
