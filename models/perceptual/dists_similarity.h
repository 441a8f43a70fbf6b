#pragma once

#include <ATen/core/Tensor.h>

namespace samsr {

/// Part of DISTS's similarity that one level adds: sum over channels of
/// alpha_c (2 mx my + c) / (mx^2 + my^2 + c) + beta_c (2 cov(x,y) + c) / (var(x) + var(y) + c), with the mean m, the
/// biased variance and covariance over positions, and c = 1e-6; (B) float64, on any device. `features` (2B,C,H,W),
/// float32: the images', then the references'; `alpha` and `beta` (C), float64, on the same device.
at::Tensor dists_similarity(const at::Tensor& features, const at::Tensor& alpha, const at::Tensor& beta);

}  // namespace samsr
