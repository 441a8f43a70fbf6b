#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// `images` (B,C,H,W) uint8 enlarged by `scale` with torch's bicubic kernel (a = -0.75, half-pixel centres, no
/// antialiasing), rounded and clamped: (B,C,sH,sW) uint8. The baseline of every table, and the kernel of z_y.
at::Tensor upscale_bicubic(const at::Tensor& images, std::int64_t scale);

}  // namespace samsr
