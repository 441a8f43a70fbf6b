#include "diffusion/diffusion.h"

#include <torch/torch.h>

#include <cmath>

namespace samsr {
namespace {

std::vector<double> divisors_of(const Schedule& schedule, bool normalize_input, bool pixel_space) {
  const double kappa = schedule.kappa();
  std::vector<double> divisors;
  for (const double sqrt_eta : schedule.sqrt_etas()) {
    divisors.push_back(!normalize_input ? 1
                       : pixel_space    ? 3 * kappa * sqrt_eta + 1
                                        : std::sqrt(kappa * kappa * sqrt_eta * sqrt_eta + 1));
  }
  return divisors;
}

}  // namespace

Denoiser with_noise(Denoiser denoiser, const at::Tensor& noise) {
  if (noise.size(1) == 0) {
    return denoiser;
  }
  return
      [denoiser = std::move(denoiser), noise](const at::Tensor& scaled, const at::Tensor& steps, const at::Tensor& lq) {
        return denoiser(at::cat({scaled, noise.to(scaled.scalar_type())}, 1), steps, lq);
      };
}

Diffusion::Diffusion(const DiffusionSettings& settings, bool pixel_space)
    : schedule_(settings),
      divisors_(divisors_of(schedule_, settings.normalize_input, pixel_space)),
      residual_(settings.residual()),
      pixel_space_(pixel_space) {}

at::Tensor Diffusion::scale_input(const at::Tensor& x, std::int64_t i) const {
  return x / divisors_.values().at(static_cast<std::size_t>(i));
}

at::Tensor Diffusion::scale_input(const at::Tensor& x, const at::Tensor& steps) const {
  return x / divisors_.of(steps);
}

at::Tensor Diffusion::predict(const Denoiser& denoiser, const at::Tensor& scaled, const at::Tensor& steps,
                              const at::Tensor& z_y, const at::Tensor& lq) const {
  const at::Tensor output = denoiser(scaled, steps, lq).to(z_y.scalar_type());
  TORCH_CHECK(output.sizes() == z_y.sizes(), "Diffusion: the network gives ", output.sizes(), " for a latent ",
              z_y.sizes());
  return residual_ ? z_y - output : output;
}

at::Tensor Diffusion::predict_x0(const Denoiser& denoiser, const at::Tensor& x, std::int64_t i, const at::Tensor& z_y,
                                 const at::Tensor& lq) const {
  const at::Tensor x0 = predict(denoiser, scale_input(x, i), steps_of(i, x.size(0), x.device()), z_y, lq);
  return pixel_space_ ? x0.clamp(-1, 1) : x0;
}

at::Tensor steps_of(std::int64_t i, std::int64_t batch, const at::Device& device) {
  return torch::full({batch}, i, torch::dtype(torch::kInt64).device(device));
}

}  // namespace samsr
