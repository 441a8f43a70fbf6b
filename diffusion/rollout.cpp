#include "diffusion/rollout.h"

#include <torch/torch.h>

namespace samsr {

at::Tensor rollout(const Diffusion& diffusion, const Denoiser& denoiser, const Process& process, const at::Tensor& x_T,
                   const at::Tensor& z_y, const at::Tensor& lq, const RolloutObserver& observer) {
  const torch::NoGradGuard no_grad;
  at::Tensor x = x_T;
  for (std::int64_t i = diffusion.schedule().last(); i >= 0; --i) {
    const at::Tensor x0 = diffusion.predict_x0(denoiser, x, i, z_y, lq);
    const RolloutCoefficients c = process.coefficients(i);
    x = c.k * x0 + c.m * x + c.j * z_y;
    if (observer) {
      observer(i, x);
    }
  }
  return x;
}

}  // namespace samsr
