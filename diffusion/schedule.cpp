#include "diffusion/schedule.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <unordered_map>

namespace samsr {
namespace {

std::vector<double> sqrt_etas_of(const DiffusionSettings& settings) {
  std::vector<double> sqrt_etas;
  const double start =
      std::min({settings.min_noise_level / settings.kappa, settings.min_noise_level, std::sqrt(0.001)});
  const auto last = static_cast<double>(settings.steps - 1);
  const double base = std::exp(std::log(settings.etas_end / start) / last);
  for (std::int64_t i = 0; i < settings.steps; ++i) {
    const double exponent = std::pow(static_cast<double>(i) / last, settings.power) * last;
    sqrt_etas.push_back(start * std::pow(base, exponent));
  }
  return sqrt_etas;
}

}  // namespace

struct StepValues::Tables {
  std::mutex mutex;
  std::unordered_map<c10::Device, at::Tensor> on;

  /// The table of `values` on `device`, made at the first call.
  at::Tensor table(const std::vector<double>& values, c10::Device device) {
    const std::lock_guard lock(mutex);
    const auto [entry, is_new] = on.try_emplace(device);
    if (is_new) {
      entry->second = torch::tensor(values, torch::kFloat64).to(device);
    }
    return entry->second;
  }
};

StepValues::StepValues(std::vector<double> values) : values_(std::move(values)), tables_(std::make_shared<Tables>()) {}

at::Tensor StepValues::of(const at::Tensor& steps) const {
  TORCH_CHECK(steps.dim() == 1 && steps.scalar_type() == torch::kInt64, "StepValues: steps must be (B) int64, got ",
              steps.sizes());
  return tables_->table(values_, steps.device()).index_select(0, steps).to(torch::kFloat32).view({-1, 1, 1, 1});
}

Schedule::Schedule(const DiffusionSettings& settings) : sqrt_etas_(sqrt_etas_of(settings)), kappa_(settings.kappa) {}

}  // namespace samsr
