#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "diffusion/schedule.h"
#include "diffusion/settings.h"

namespace samsr {

/// The network: scaled x (B,C,h,w), steps (B) int64, lq (B,3,H,W) RGB in [-1,1] -> output (B,C,h,w).
using Denoiser = std::function<at::Tensor(const at::Tensor& scaled, const at::Tensor& steps, const at::Tensor& lq)>;

/// `denoiser` is that of a network with K noise channels, which takes (B,C+K,h,w): the denoiser that gives it `noise`
/// (B,K,h,w) behind each scaled x. K may be 0.
Denoiser with_noise(Denoiser denoiser, const at::Tensor& noise);

/// What lies around the network, the same for training and sampling: scaling of its input, meaning of its output.
class Diffusion {
 public:
  /// `pixel_space`: no first stage, latents are RGB in [-1,1].
  Diffusion(const DiffusionSettings& settings, bool pixel_space);

  const Schedule& schedule() const { return schedule_; }

  /// s_i(x): x / sqrt(κ²η_i + 1); in pixel space x / (3κ·sqrt(η_i) + 1); x itself without `normalize_input`.
  at::Tensor scale_input(const at::Tensor& x, std::int64_t i) const;
  /// The same with a step for each sample: steps (B) int64.
  at::Tensor scale_input(const at::Tensor& x, const at::Tensor& steps) const;

  /// f(scaled, steps): the network's output, or z_y minus it with `predict_type: residual`. Of the type of z_y,
  /// not clamped.
  at::Tensor predict(const Denoiser& denoiser, const at::Tensor& scaled, const at::Tensor& steps, const at::Tensor& z_y,
                     const at::Tensor& lq) const;

  /// x̂_0 of a sampling step: f(s_i(x), i), clamped to [-1,1] in pixel space.
  at::Tensor predict_x0(const Denoiser& denoiser, const at::Tensor& x, std::int64_t i, const at::Tensor& z_y,
                        const at::Tensor& lq) const;

 private:
  Schedule schedule_;
  StepValues divisors_;  ///< of the network's input, for each step
  bool residual_;
  bool pixel_space_;
};

/// Step i for each of a batch: (batch) int64 on `device`.
at::Tensor steps_of(std::int64_t i, std::int64_t batch, const at::Device& device);

}  // namespace samsr
