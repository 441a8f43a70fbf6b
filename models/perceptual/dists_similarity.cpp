#include "models/perceptual/dists_similarity.h"

#include <ATen/ATen.h>

#include <vector>

#include "core/kernels.h"
#include "core/parallel.h"

namespace samsr {
namespace {

constexpr double kStabiliser = 1e-6;
constexpr std::int64_t kSums = 5;  // x, y, xx, yy, xy

/// Adds to sums (5,C) those over `positions` rows of channels. In double precision, so that variances may be taken as
/// differences.
void add_rows(const float* x, const float* y, std::int64_t positions, std::int64_t channels, double* sums) {
  double* const of_x = sums;
  double* const of_y = sums + channels;
  double* const of_xx = sums + 2 * channels;
  double* const of_yy = sums + 3 * channels;
  double* const of_xy = sums + 4 * channels;
  for (std::int64_t p = 0; p < positions; ++p, x += channels, y += channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
      const double a = x[c];
      const double b = y[c];
      of_x[c] += a;
      of_y[c] += b;
      of_xx[c] += a * a;
      of_yy[c] += b * b;
      of_xy[c] += a * b;
    }
  }
}

/// Means over positions of x, y, xx, yy and xy: (B,5,C) float64, the same on any number of threads.
at::Tensor means_by_kernel(const at::Tensor& features) {
  const at::Tensor rows = features.contiguous(at::MemoryFormat::ChannelsLast);
  const std::int64_t images = rows.size(0) / 2;
  const std::int64_t channels = rows.size(1);
  const std::int64_t height = rows.size(2);
  const std::int64_t line = rows.size(3) * channels;
  const auto* values = rows.const_data_ptr<float>();
  at::Tensor sums = at::zeros({images, height, kSums, channels}, at::kDouble);
  auto* const of_lines = sums.mutable_data_ptr<double>();
  in_parallel(images * height, [&](std::int64_t i) {
    add_rows(values + i * line, values + (images * height + i) * line, rows.size(3), channels,
             of_lines + i * kSums * channels);
  });
  return sums.sum(1).div_(static_cast<double>(height * rows.size(3)));
}

struct Moments {
  at::Tensor mean_x, mean_y, var_x, var_y, covariance;  ///< (B,C) float64
};

Moments moments_by_kernel(const at::Tensor& features) {
  const std::vector<at::Tensor> means = means_by_kernel(features).unbind(1);
  const at::Tensor& x = means[0];
  const at::Tensor& y = means[1];
  return {x, y, means[2] - x * x, means[3] - y * y, means[4] - x * y};
}

Moments moments_by_operators(const at::Tensor& features) {
  const at::Tensor mean = features.mean({2, 3}, /*keepdim=*/true, at::kDouble);
  const auto apart = (features - mean).chunk(2);
  const auto means = mean.flatten(1).chunk(2);
  const auto over_positions = [](const at::Tensor& products) { return products.mean({2, 3}, false, at::kDouble); };
  return {means[0], means[1], over_positions(apart[0].square()), over_positions(apart[1].square()),
          over_positions(apart[0] * apart[1])};
}

}  // namespace

at::Tensor dists_similarity(const at::Tensor& features, const at::Tensor& alpha, const at::Tensor& beta) {
  const Moments of = cpu_kernels(features) ? moments_by_kernel(features) : moments_by_operators(features);
  const at::Tensor texture =
      (2 * of.mean_x * of.mean_y + kStabiliser) / (of.mean_x.square() + of.mean_y.square() + kStabiliser);
  const at::Tensor structure = (2 * of.covariance + kStabiliser) / (of.var_x + of.var_y + kStabiliser);
  return at::mv(texture, alpha) + at::mv(structure, beta);
}

}  // namespace samsr
