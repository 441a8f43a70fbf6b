#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// How the truth is sharpened before it is compared with: as unsharp_mask() says.
struct SharpenSettings {
  std::int64_t radius = 50;
  double weight = 0;  ///< 0: not at all
  double threshold = 10;
};

/// HR images (B,3,H,W), uint8 or float32 in [-1,1] of bytes, sharpened as BasicSR's USMSharp does: float32 in [-1,1],
/// on their device. The same numbers from either form. Safe to use from several threads.
at::Tensor sharpened_truth(const at::Tensor& hr, const SharpenSettings& settings);

}  // namespace samsr
