#include "eval/measure/frechet_bootstrap.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/rng.h"

namespace samsr {
namespace {

constexpr double kErrors = 1.96;  // 95 % of a normal distribution

/// How often each of `count` pictures is in sample `number`: (N) float64.
at::Tensor drawn(std::int64_t count, std::uint64_t number) {
  Rng rng(0, "bootstrap of a set", {number});
  at::Tensor times = at::zeros({count}, at::kDouble);
  auto* values = times.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < count; ++i) {
    values[rng.below(static_cast<std::uint64_t>(count))] += 1;
  }
  return times;
}

/// Trace of the unbiased covariance of the rows, each counted `times` times; `mean` is theirs.
double trace_of(const at::Tensor& rows, const at::Tensor& mean, const at::Tensor& times) {
  const double count = times.sum().item<double>();
  const double squares = at::dot(rows.square().sum(1), times).item<double>();
  return (squares - count * mean.square().sum().item<double>()) / (count - 1);
}

}  // namespace

FrechetBootstrap::FrechetBootstrap(const at::Tensor& features, const at::Tensor& references) {
  TORCH_CHECK(features.sizes() == references.sizes() && features.dim() == 2 && features.size(0) >= 2, "features are ",
              features.sizes(), " and ", references.sizes(), ", expected the same (N,D)");
  const at::Tensor pictures = features.to(at::kCPU, at::kDouble);
  const at::Tensor others = references.to(at::kCPU, at::kDouble);
  apart_ = pictures - pictures.mean(0);
  refs_ = others - others.mean(0);
  between_ = pictures.mean(0) - others.mean(0);
  cross_ = at::mm(apart_, refs_->t());
}

FrechetBootstrap::FrechetBootstrap(const at::Tensor& features, const NormalFit& references) {
  const at::Tensor pictures = features.to(at::kCPU, at::kDouble);
  apart_ = pictures - pictures.mean(0);
  between_ = pictures.mean(0) - references.mean;
  cross_ = at::mm(apart_, references.factor.t());
  reference_trace_ = references.factor.square().sum().item<double>();
}

double FrechetBootstrap::distance(std::uint64_t number) const {
  const at::Tensor times = drawn(apart_.size(0), number);
  const double count = static_cast<double>(apart_.size(0));
  const at::Tensor shares = times / count;
  const at::Tensor kept = times.nonzero().squeeze(1);
  const at::Tensor roots = times.index_select(0, kept).sqrt();
  // Rows of a sample: sqrt(times) (x - mean). Their products with the references' follow from those of all rows.
  const at::Tensor mean = at::mv(apart_.t(), shares);
  const at::Tensor of_rows = at::mv(cross_.t(), shares);  // mean of the sample with each column
  at::Tensor products = cross_.index_select(0, kept);
  at::Tensor means_apart = between_ + mean;
  double traces = trace_of(apart_, mean, times);
  if (refs_) {
    const at::Tensor mean_of_refs = at::mv(refs_->t(), shares);
    const at::Tensor of_columns = at::mv(cross_, shares).index_select(0, kept).unsqueeze(1);
    products = products.index_select(1, kept) - of_rows.index_select(0, kept) - of_columns + at::dot(of_rows, shares);
    products = products * roots.unsqueeze(1) * roots / (count - 1);
    means_apart = means_apart - mean_of_refs;
    traces += trace_of(*refs_, mean_of_refs, times);
  } else {
    products = (products - of_rows) * roots.unsqueeze(1) / std::sqrt(count - 1);
    traces += reference_trace_;
  }
  const double of_means = means_apart.square().sum().item<double>();
  return std::max(0.0, of_means + traces - 2 * sum_of_singular_values(products));
}

std::optional<Interval> interval_of_samples(double value, const std::vector<double>& samples) {
  if (samples.size() < 2) {
    return std::nullopt;
  }
  double mean = 0;
  for (const double sample : samples) {
    mean += sample / static_cast<double>(samples.size());
  }
  double squares = 0;
  for (const double sample : samples) {
    squares += (sample - mean) * (sample - mean);
  }
  const double error = std::sqrt(squares / static_cast<double>(samples.size() - 1));
  return Interval{std::max(0.0, value - kErrors * error), value + kErrors * error};
}

}  // namespace samsr
