#include "diffusion/ddim.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace samsr {

Ddim::Ddim(const DdimSettings& settings) {
  if (settings.ddim_steps < 1 || settings.ddim_steps > settings.timesteps) {
    throw UserError("DDIM takes 1 to {} steps, not {}", settings.timesteps, settings.ddim_steps);
  }
  std::vector<double> cumulative;
  const double first = std::sqrt(settings.linear_start);
  const double last = std::sqrt(settings.linear_end);
  double product = 1;
  for (std::int64_t t = 0; t < settings.timesteps; ++t) {
    const double place =
        static_cast<double>(t) / static_cast<double>(std::max<std::int64_t>(settings.timesteps - 1, 1));
    const double root = first + place * (last - first);
    product *= 1 - root * root;
    cumulative.push_back(product);
  }
  const std::int64_t stride = settings.timesteps / settings.ddim_steps;
  for (std::int64_t t = 0; t < settings.timesteps; t += stride) {
    timesteps_.push_back(std::min(t + 1, settings.timesteps - 1));  // of as many steps as timesteps the last
  }
  for (const std::int64_t t : timesteps_) {
    alphas_.push_back(cumulative[static_cast<std::size_t>(t)]);
    alphas_prev_.push_back(alphas_.size() == 1 ? cumulative.front() : alphas_[alphas_.size() - 2]);
    const double alpha = alphas_.back();
    const double before = alphas_prev_.back();
    sigmas_.push_back(settings.eta * std::sqrt((1 - before) / (1 - alpha) * (1 - alpha / before)));
  }
}

Ddim::Step Ddim::step(std::int64_t i, const at::Tensor& x, const at::Tensor& epsilon, const at::Tensor& noise) const {
  const auto index = static_cast<std::size_t>(i);
  const double alpha = alphas_.at(index);
  const double before = alphas_prev_.at(index);
  const double sigma = sigmas_.at(index);
  const at::Tensor x_0 = (x - std::sqrt(1 - alpha) * epsilon) / std::sqrt(alpha);
  const double direction = std::sqrt(std::max(1 - before - sigma * sigma, 0.0));
  return {std::sqrt(before) * x_0 + direction * epsilon + sigma * noise, x_0};
}

}  // namespace samsr
