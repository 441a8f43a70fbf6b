#include "diffusion/process.h"

#include <torch/torch.h>

#include "diffusion/coverage.h"
#include "diffusion/sam_noise.h"

namespace samsr {
namespace {

at::Tensor number(double value) { return torch::tensor(value, torch::kFloat64); }

}  // namespace

Process::Process(const Schedule& schedule)
    : schedule_(schedule), kappa_(number(schedule.kappa())), eta_factor_(number(1)) {}

Process::Process(const Schedule& schedule, const at::Tensor& coverage, const SamSettings& settings)
    : Process(schedule, coverage, largest_coverage(effective_coverage(coverage, settings)), settings) {}

Process::Process(const Schedule& schedule, const at::Tensor& coverage, const at::Tensor& largest,
                 const SamSettings& settings)
    : schedule_(schedule) {
  const at::Tensor weight = semantic_weight(effective_coverage(coverage, settings), largest);
  const at::Tensor raised = 1 + settings.m_of_eta() * weight;
  kappa_ = schedule.kappa() * (1 - settings.m_of_kappa() * weight);
  eta_factor_ = settings.released() ? raised.square() : raised;
}

at::Tensor Process::eta(std::int64_t i) const { return eta_factor_ * (i < 0 ? 0 : schedule_.eta(i)); }

at::Tensor Process::prior(const at::Tensor& z_y, const at::Tensor& noise) const {
  TORCH_CHECK(noise.sizes() == z_y.sizes(), "Process: noise ", noise.sizes(), " for a latent ", z_y.sizes());
  return z_y + kappa_ * eta(schedule_.last()).sqrt() * noise;
}

RolloutCoefficients Process::coefficients(std::int64_t i) const {
  const at::Tensor now = eta(i);
  const at::Tensor before = eta(i - 1);
  RolloutCoefficients c;
  c.m = (before / now).sqrt();
  c.j = before - (before * now).sqrt();
  c.k = 1 - c.j - c.m;
  return c;
}

}  // namespace samsr
