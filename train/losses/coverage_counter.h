#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace samsr {

/// The number of automatic masks over each LR pixel: images (B,3,sH,sW), RGB in [-1,1], on any device -> (B,1,H,W)
/// uint8 on the CPU. Whoever starts a training gives it, so that training needs no image library.
using CoverageCounter = std::function<at::Tensor(const at::Tensor& images)>;

}  // namespace samsr
