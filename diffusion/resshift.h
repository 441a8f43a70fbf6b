#pragma once
// ResShift: diffusion from the HR to the LR latent, training of the denoiser, ancestral sampling (docs/method.md,
// "Schedule and ResShift").
// z_0, z_y, x, noise are (B,C,h,w); lq (B,3,H,W).

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "diffusion/diffusion.h"

namespace samsr {

/// x_i = z_0 + η_i (z_y - z_0) + κ·sqrt(η_i)·ε with a step for each sample: steps (B) int64.
at::Tensor q_sample(const Schedule& schedule, const at::Tensor& z_0, const at::Tensor& z_y, const at::Tensor& steps,
                    const at::Tensor& noise);

/// x̂_0 = f(s_i(x_i), i) of x_i = q_sample(…): (B,C,h,w).
at::Tensor resshift_prediction(const Diffusion& diffusion, const Denoiser& denoiser, const at::Tensor& z_0,
                               const at::Tensor& z_y, const at::Tensor& lq, const at::Tensor& steps,
                               const at::Tensor& noise);

/// ‖x̂_0 - z_0‖², mean over C,h,w: (B) float32.
at::Tensor resshift_loss(const at::Tensor& prediction, const at::Tensor& z_0);

/// x_{i-1} given x_i and x̂_0: mean x_weight·x_i + x0_weight·x̂_0, deviation `deviation` (0 at i = 0).
struct Posterior {
  double x_weight;
  double x0_weight;
  double deviation;
};
Posterior posterior(const Schedule& schedule, std::int64_t i);

/// T-step ancestral sampling from z_y. noise (T,B,C,h,w) standard normal: [0] for x_T, [n] for the n-th step but
/// the last. -> x_0 (B,C,h,w), with no gradient.
at::Tensor sample_ancestral(const Diffusion& diffusion, const Denoiser& denoiser, const at::Tensor& z_y,
                            const at::Tensor& lq, const at::Tensor& noise);

}  // namespace samsr
