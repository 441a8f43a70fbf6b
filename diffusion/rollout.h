#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "diffusion/diffusion.h"
#include "diffusion/process.h"

namespace samsr {

/// Called after each step of a rollout with i and x_{i-1} (B,C,h,w).
using RolloutObserver = std::function<void(std::int64_t i, const at::Tensor& x)>;

/// SinSR's deterministic T-step sampling, from x_T (B,C,h,w) to the teacher's x̂_0: x_{i-1} = k x̂_0 + m x_i + j z_y
/// with the coefficients of `process`. No gradient.
at::Tensor rollout(const Diffusion& diffusion, const Denoiser& denoiser, const Process& process, const at::Tensor& x_T,
                   const at::Tensor& z_y, const at::Tensor& lq, const RolloutObserver& observer = {});

}  // namespace samsr
