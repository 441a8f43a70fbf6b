#include "diffusion/resshift.h"

#include <torch/torch.h>

#include <cmath>

#include "diffusion/process.h"

namespace samsr {

at::Tensor q_sample(const Schedule& schedule, const at::Tensor& z_0, const at::Tensor& z_y, const at::Tensor& steps,
                    const at::Tensor& noise) {
  TORCH_CHECK(z_0.sizes() == z_y.sizes() && z_0.sizes() == noise.sizes(), "q_sample: z_0 ", z_0.sizes(), ", z_y ",
              z_y.sizes(), " and noise ", noise.sizes(), " must agree");
  const at::Tensor sqrt_eta = schedule.sqrt_eta_at(steps);
  return z_0 + sqrt_eta.square() * (z_y - z_0) + schedule.kappa() * sqrt_eta * noise;
}

at::Tensor resshift_prediction(const Diffusion& diffusion, const Denoiser& denoiser, const at::Tensor& z_0,
                               const at::Tensor& z_y, const at::Tensor& lq, const at::Tensor& steps,
                               const at::Tensor& noise) {
  const at::Tensor x = q_sample(diffusion.schedule(), z_0, z_y, steps, noise);
  return diffusion.predict(denoiser, diffusion.scale_input(x, steps), steps, z_y, lq);
}

at::Tensor resshift_loss(const at::Tensor& prediction, const at::Tensor& z_0) {
  return (prediction - z_0).square().mean({1, 2, 3});
}

Posterior posterior(const Schedule& schedule, std::int64_t i) {
  const double now = schedule.eta(i);
  const double before = schedule.eta_before(i);
  return {before / now, 1 - before / now, schedule.kappa() * std::sqrt(before / now * (now - before))};
}

at::Tensor sample_ancestral(const Diffusion& diffusion, const Denoiser& denoiser, const at::Tensor& z_y,
                            const at::Tensor& lq, const at::Tensor& noise) {
  const Schedule& schedule = diffusion.schedule();
  TORCH_CHECK(noise.dim() == 5 && noise.size(0) == schedule.steps(), "sample_ancestral: noise must be (",
              schedule.steps(), ",B,C,h,w), got ", noise.sizes());
  const torch::NoGradGuard no_grad;
  at::Tensor x = Process(schedule).prior(z_y, noise[0]);
  for (std::int64_t i = schedule.last(); i >= 0; --i) {
    const Posterior step = posterior(schedule, i);
    x = step.x_weight * x + step.x0_weight * diffusion.predict_x0(denoiser, x, i, z_y, lq);
    if (i > 0) {
      x = x + step.deviation * noise[schedule.steps() - i];
    }
  }
  return x;
}

}  // namespace samsr
