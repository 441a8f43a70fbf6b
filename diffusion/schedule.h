#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "diffusion/settings.h"

namespace samsr {

/// The noise schedule η_0 < … < η_{T-1} in float64 (docs/method.md, "Schedule and ResShift"). Step i of the code is
/// t = i+1 of the papers.
class Schedule {
 public:
  explicit Schedule(const DiffusionSettings& settings);

  std::int64_t steps() const { return static_cast<std::int64_t>(sqrt_etas_.size()); }
  std::int64_t last() const { return steps() - 1; }
  double kappa() const { return kappa_; }
  /// i from 0 to T-1.
  double sqrt_eta(std::int64_t i) const { return sqrt_etas_.at(static_cast<std::size_t>(i)); }
  double eta(std::int64_t i) const { return sqrt_eta(i) * sqrt_eta(i); }
  /// η_{i-1}, and 0 at i = 0.
  double eta_before(std::int64_t i) const { return i == 0 ? 0 : eta(i - 1); }
  const std::vector<double>& sqrt_etas() const { return sqrt_etas_; }

 private:
  std::vector<double> sqrt_etas_;
  double kappa_;
};

/// values[steps] for step indices (B) int64 -> (B,1,1,1) float32 on the device of `steps`.
at::Tensor values_at(const std::vector<double>& values, const at::Tensor& steps);

}  // namespace samsr
