#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// Sinusoidal embedding of step indices: `steps` (B), any number type -> (B, width) float32, the first half
/// cosines, the second sines, of steps · 10000^(-k/(width/2)); an odd width ends in a zero.
at::Tensor step_embedding(const at::Tensor& steps, std::int64_t width);

}  // namespace samsr
