#include "train/losses/hsd_loss.h"

#include <torch/torch.h>

#include "diffusion/resshift.h"

namespace samsr {

at::Tensor score_difference(const Diffusion& diffusion, const Denoiser& teacher, const at::Tensor& x0,
                            const at::Tensor& teacher_x0, const at::Tensor& z_y, const at::Tensor& lq,
                            const at::Tensor& steps, const at::Tensor& noise, bool scaled_twice) {
  const torch::NoGradGuard no_grad;
  const Schedule& schedule = diffusion.schedule();
  const auto both = [](const at::Tensor& a) { return at::cat({a, a}); };
  const at::Tensor both_steps = both(steps);
  const at::Tensor both_z_y = both(z_y);
  const at::Tensor x = q_sample(schedule, at::cat({x0, teacher_x0}), both_z_y, both_steps, both(noise));
  at::Tensor scaled = diffusion.scale_input(x, both_steps);
  if (scaled_twice) {
    scaled = diffusion.scale_input(scaled, both_steps);
  }
  const at::Tensor answer = diffusion.predict(teacher, scaled, both_steps, both_z_y, both(lq));
  const at::Tensor sqrt_eta = schedule.sqrt_eta_at(both_steps);
  const at::Tensor score = (x - answer - sqrt_eta.square() * (both_z_y - answer)) / (schedule.kappa() * sqrt_eta);
  const auto parts = score.chunk(2);
  return parts[0] - parts[1];
}

at::Tensor hsd_loss(const at::Tensor& x0, const at::Tensor& difference) { return (difference * x0).mean({1, 2, 3}); }

}  // namespace samsr
