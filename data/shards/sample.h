#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace samsr {

/// Text: where a sample comes from and what was drawn for it, JSON.
inline constexpr std::string_view kSourceField = "source";
/// Text: the masks of the images, JSON with COCO run lengths (masks.keep).
inline constexpr std::string_view kMasksField = "masks";

/// What one sample stores, by the names of the shard's datasets. For a low-resolution image of (H, W) and a scale s:
///   hr (s H, s W, 3) uint8 RGB, lr (H, W, 3) uint8 RGB, coverage (H, W) uint8: masks over each pixel,
///   coverage_hr (H, W) uint8: the same of the high-resolution image, z_hr and z_lr (C, h, w) half,
///   rollout/x0 (K, C, h, w) half and rollout/noise_seed (K) uint64 of K rollouts of the teacher;
///   texts source and masks.
struct Sample {
  std::vector<std::pair<std::string, at::Tensor>> fields;    ///< arrays: contiguous, on the CPU
  std::vector<std::pair<std::string, std::string>> texts{};  ///< without zero bytes

  /// The array `name`; undefined when the sample has none.
  at::Tensor field(std::string_view name) const;
  /// The text `name`; null when the sample has none.
  const std::string* text(std::string_view name) const;
};

}  // namespace samsr
