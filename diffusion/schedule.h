#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "diffusion/settings.h"

namespace samsr {

/// A number for each step, for samples that are each at a step of their own. Tensors of the numbers stay on the devices
/// that have asked for them, so that a GPU need not wait for a copy in every pass; copies share them.
class StepValues {
 public:
  explicit StepValues(std::vector<double> values);

  const std::vector<double>& values() const { return values_; }
  /// Step indices (B) int64 -> their values (B,1,1,1) float32 on the device of `steps`.
  at::Tensor of(const at::Tensor& steps) const;

 private:
  struct Tables;
  std::vector<double> values_;
  std::shared_ptr<Tables> tables_;
};

/// The noise schedule η_0 < … < η_{T-1} in float64 (docs/method.md, "Schedule and ResShift"). Step i of the code is
/// t = i+1 of the papers.
class Schedule {
 public:
  explicit Schedule(const DiffusionSettings& settings);

  std::int64_t steps() const { return static_cast<std::int64_t>(sqrt_etas().size()); }
  std::int64_t last() const { return steps() - 1; }
  double kappa() const { return kappa_; }
  /// i from 0 to T-1.
  double sqrt_eta(std::int64_t i) const { return sqrt_etas().at(static_cast<std::size_t>(i)); }
  double eta(std::int64_t i) const { return sqrt_eta(i) * sqrt_eta(i); }
  /// η_{i-1}, and 0 at i = 0.
  double eta_before(std::int64_t i) const { return i == 0 ? 0 : eta(i - 1); }
  const std::vector<double>& sqrt_etas() const { return sqrt_etas_.values(); }
  /// sqrt(η) at steps (B) int64: (B,1,1,1) float32 there.
  at::Tensor sqrt_eta_at(const at::Tensor& steps) const { return sqrt_etas_.of(steps); }

 private:
  StepValues sqrt_etas_;
  double kappa_;
};

}  // namespace samsr
