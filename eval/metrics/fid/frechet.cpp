#include "eval/metrics/fid/frechet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace samsr {
namespace {

at::Tensor checked(const at::Tensor& features) {
  TORCH_CHECK(features.dim() == 2 && features.size(0) >= 2, "features are ", features.sizes(),
              ", expected (N,D) of at least two pictures");
  return features.to(at::kCPU, at::kDouble);
}

/// sqrt(lambda) V' of a covariance V lambda V'.
at::Tensor factor_of(const at::Tensor& covariance) {
  const auto [values, vectors] = at::linalg_eigh(covariance);
  return values.clamp_min(0).sqrt().unsqueeze(1) * vectors.t();
}

}  // namespace

at::Tensor covariance_of(const at::Tensor& features) {
  const at::Tensor rows = checked(features);
  const at::Tensor apart = rows - rows.mean(0);
  return at::mm(apart.t(), apart) / static_cast<double>(rows.size(0) - 1);
}

NormalFit fit_of_features(const at::Tensor& features) {
  const at::Tensor rows = checked(features);
  const at::Tensor mean = rows.mean(0);
  if (rows.size(0) > rows.size(1)) {
    return {mean, factor_of(covariance_of(rows))};
  }
  return {mean, (rows - mean) / std::sqrt(static_cast<double>(rows.size(0) - 1))};
}

NormalFit fit_of_statistics(const at::Tensor& mean, const at::Tensor& covariance) {
  return {mean.to(at::kCPU, at::kDouble), factor_of(covariance.to(at::kCPU, at::kDouble))};
}

double sum_of_singular_values(const at::Tensor& m) {
  const at::Tensor product = m.size(0) <= m.size(1) ? at::mm(m, m.t()) : at::mm(m.t(), m);
  return at::linalg_eigvalsh(product).clamp_min(0).sqrt().sum().item<double>();
}

double frechet_distance(const NormalFit& a, const NormalFit& b) {
  TORCH_CHECK(a.mean.sizes() == b.mean.sizes(), "distributions of ", a.mean.sizes(), " and ", b.mean.sizes(),
              " dimensions");
  const double of_means = (a.mean - b.mean).square().sum().item<double>();
  const double of_traces = a.factor.square().sum().item<double>() + b.factor.square().sum().item<double>();
  const double of_root = sum_of_singular_values(at::mm(a.factor, b.factor.t()));
  return std::max(0.0, of_means + of_traces - 2 * of_root);
}

}  // namespace samsr
