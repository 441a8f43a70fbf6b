#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace samsr {

/// (B,C,H,W) -> (B,C,h,w), bicubic with a = -0.75 as torch.nn.functional.interpolate(mode="bicubic"): with antialiasing
/// where it becomes smaller, itself where the size stays. Overshoots are kept.
at::Tensor resize_bicubic(const at::Tensor& image, std::array<std::int64_t, 2> size);

}  // namespace samsr
