#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// Sinusoidal embedding of step indices or times: `steps` (B), any number type -> (B, width), the first half cosines,
/// the second sines, of steps · 10000^(-k/(width/2)); an odd width ends in a zero. Float64 where the steps are, else
/// float32.
at::Tensor step_embedding(const at::Tensor& steps, std::int64_t width);

}  // namespace samsr
