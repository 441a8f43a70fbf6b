#include "diffusion/schedule.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace samsr {

Schedule::Schedule(const DiffusionSettings& settings) : kappa_(settings.kappa) {
  const double start =
      std::min({settings.min_noise_level / settings.kappa, settings.min_noise_level, std::sqrt(0.001)});
  const auto last = static_cast<double>(settings.steps - 1);
  const double base = std::exp(std::log(settings.etas_end / start) / last);
  for (std::int64_t i = 0; i < settings.steps; ++i) {
    const double exponent = std::pow(static_cast<double>(i) / last, settings.power) * last;
    sqrt_etas_.push_back(start * std::pow(base, exponent));
  }
}

at::Tensor values_at(const std::vector<double>& values, const at::Tensor& steps) {
  TORCH_CHECK(steps.dim() == 1 && steps.scalar_type() == torch::kInt64, "values_at: steps must be (B) int64, got ",
              steps.sizes());
  return torch::tensor(values, torch::kFloat64)
      .to(steps.device())
      .index_select(0, steps)
      .to(torch::kFloat32)
      .view({-1, 1, 1, 1});
}

}  // namespace samsr
