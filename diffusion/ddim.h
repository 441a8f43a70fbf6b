#pragma once
// DDIM (arXiv 2010.02502) as latent diffusion samples with it.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace samsr {

/// The noise of latent diffusion's training and the steps of its sampler, in double precision.
struct DdimSettings {
  double linear_start = 0.0015;
  double linear_end = 0.0155;
  std::int64_t timesteps = 1000;
  std::int64_t ddim_steps = 100;
  double eta = 1;  ///< 0: no noise is added on the way
};

/// β_t = (√linear_start … √linear_end, evenly spaced)², ᾱ_t = Π (1 - β); steps τ_i = i · ⌊timesteps / ddim_steps⌋ + 1.
class Ddim {
 public:
  /// UserError when there are more steps than timesteps, or none.
  explicit Ddim(const DdimSettings& settings);

  std::int64_t steps() const { return static_cast<std::int64_t>(timesteps_.size()); }
  const std::vector<std::int64_t>& timesteps() const { return timesteps_; }
  /// ᾱ at τ_i, and at the step before: of the first ᾱ_0.
  const std::vector<double>& alphas() const { return alphas_; }
  const std::vector<double>& alphas_prev() const { return alphas_prev_; }
  /// σ_i = η √((1-ᾱ_prev)/(1-ᾱ)) √(1-ᾱ/ᾱ_prev).
  const std::vector<double>& sigmas() const { return sigmas_; }

  struct Step {
    at::Tensor x_prev;
    at::Tensor x_0;  ///< as predicted at this step
  };
  /// Step i from x_i, its predicted noise `epsilon` and fresh noise, all of one shape: x_0 = (x - √(1-ᾱ) ε)/√ᾱ,
  /// x_prev = √ᾱ_prev x_0 + √(1-ᾱ_prev-σ²) ε + σ noise.
  Step step(std::int64_t i, const at::Tensor& x, const at::Tensor& epsilon, const at::Tensor& noise) const;

 private:
  std::vector<std::int64_t> timesteps_;
  std::vector<double> alphas_;
  std::vector<double> alphas_prev_;
  std::vector<double> sigmas_;
};

}  // namespace samsr
