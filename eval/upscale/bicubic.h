#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// `images` (B,C,H,W) uint8 enlarged by `scale` with the kernel of z_y (enlarge_bicubic), rounded and clamped:
/// (B,C,sH,sW) uint8. The baseline of every table.
at::Tensor upscale_bicubic(const at::Tensor& images, std::int64_t scale);

}  // namespace samsr
