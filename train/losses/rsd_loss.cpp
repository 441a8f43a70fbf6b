#include "train/losses/rsd_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace samsr {
namespace {

constexpr double kSmallestSize = 1e-8;

}  // namespace

at::Tensor rsd_loss(const at::Tensor& prediction, const at::Tensor& noisy, const NoisyAnswer& teacher,
                    const NoisyAnswer& fake, const RsdLossOptions& options) {
  at::Tensor of_teacher;
  at::Tensor of_fake;
  {
    const at::AutoGradMode with_gradient(options.through_networks && at::GradMode::is_enabled());
    of_teacher = teacher(noisy);
    of_fake = fake(noisy);
  }
  // The difference of the two squares as a product: they are nearly equal where training has got somewhere.
  const at::Tensor loss = ((of_teacher - of_fake) * (of_teacher + of_fake - 2 * prediction)).mean({1, 2, 3});
  if (!options.normalised) {
    return loss;
  }
  return loss / ((of_teacher - prediction).detach().abs().mean({1, 2, 3}) + kSmallestSize);
}

}  // namespace samsr
