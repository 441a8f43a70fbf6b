#pragma once
// The distillation loss of RSD (arXiv 2503.13358), and of VSD, its form with the gradient stopped.

#include <ATen/core/Tensor.h>

#include <functional>

namespace samsr {

/// A network's answer to noisy latents z_i (B,C,h,w), each at its sample's step: its prediction of z_0.
using NoisyAnswer = std::function<at::Tensor(const at::Tensor& noisy)>;

struct RsdLossOptions {
  /// The gradient also goes through both networks, by way of z_i (RSD); else their answers are constants (VSD).
  bool through_networks = true;
  /// Each sample's loss is divided by the mean |f* - ẑ| + 1e-8, a constant of the gradient (SiD's normalisation).
  bool normalised = true;
};

/// L_θ = ‖f*(z_i)‖² - ‖f_φ(z_i)‖² + 2⟨f_φ(z_i) - f*(z_i), ẑ⟩ (Eq. 10) = ‖f*(z_i) - ẑ‖² - ‖f_φ(z_i) - ẑ‖² (Eq. 34),
/// means over C,h,w: (B) in the latents' type, which may be negative. `prediction`: ẑ (B,C,h,w), the student's;
/// `noisy`: z_i of it, with the graph from ẑ. `teacher` and `fake` are f* and f_φ, whose weights are constants here.
at::Tensor rsd_loss(const at::Tensor& prediction, const at::Tensor& noisy, const NoisyAnswer& teacher,
                    const NoisyAnswer& fake, const RsdLossOptions& options);

}  // namespace samsr
