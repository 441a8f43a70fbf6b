#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "diffusion/schedule.h"
#include "diffusion/settings.h"

namespace samsr {

/// Of x_{i-1} = k x̂_0 + m x_i + j z_y.
struct RolloutCoefficients {
  at::Tensor k;
  at::Tensor m;
  at::Tensor j;
};

/// The forward process with its η and κ: numbers (SinSR), or a map for each sample (SAMSR). Numbers are kept as
/// tensors without dimensions, which combine with tensors of any device.
class Process {
 public:
  /// The schedule's own η_i and κ.
  explicit Process(const Schedule& schedule);

  /// SAMSR's per-pixel process (Eq. 9-12): η_i(1+mW) and κ(1-mW) with W = C / max C per sample, 0 where nothing
  /// is covered. `coverage` (B,1,h,w), any number type: how many masks cover a pixel. The variant `released`
  /// counts the pixels that no mask covers as one more mask, and scales sqrt(η) rather than η. SamSettings::modulate
  /// leaves η or κ as in the schedule.
  Process(const Schedule& schedule, const at::Tensor& coverage, const SamSettings& settings);

  /// The same for a piece of a sample, whose max C is `largest` (B,1,1,1): largest_coverage() of effective_coverage().
  Process(const Schedule& schedule, const at::Tensor& coverage, const at::Tensor& largest, const SamSettings& settings);

  /// η_i for i from 0 to T-1, and 0 for i = -1.
  at::Tensor eta(std::int64_t i) const;
  const at::Tensor& kappa() const { return kappa_; }

  /// x_T = z_y + κ·sqrt(η_{T-1})·ε.
  at::Tensor prior(const at::Tensor& z_y, const at::Tensor& noise) const;

  /// With η = η_i, η' = η_{i-1}: m = sqrt(η'/η), j = η' - sqrt(η'η), k = 1 - j - m (SinSR).
  RolloutCoefficients coefficients(std::int64_t i) const;

 private:
  Schedule schedule_;
  at::Tensor kappa_;
  at::Tensor eta_factor_;
};

}  // namespace samsr
