#include "train/losses/image_losses.h"

#include <ATen/ATen.h>

#include <cstdint>

#include "models/layers/autocast.h"

namespace samsr {
namespace {

constexpr std::int64_t kStructureWindow = 11;
constexpr double kStructureSigma = 1.5;
constexpr double kStructureC1 = 0.01 * 0.01;
constexpr double kStructureC2 = 0.03 * 0.03;
constexpr int kGradientSizes = 3;
constexpr int kTextureSizes = 2;
constexpr std::int64_t kTextureWindow = 8;
constexpr std::int64_t kTextureStride = 4;
/// Added to mean squares before the root, whose slope at 0 is infinite: an amplitude of a quarter of a grey level.
constexpr double kSmallestPower = 4e-6;

/// (B,3,H,W) -> (B,1,H,W): Y of BT.601, in units of [-1,1].
at::Tensor luma(const at::Tensor& images) {
  return 0.299 * images.narrow(1, 0, 1) + 0.587 * images.narrow(1, 1, 1) + 0.114 * images.narrow(1, 2, 1);
}

at::Tensor half_size(const at::Tensor& maps) { return at::avg_pool2d(maps, {2, 2}, {2, 2}); }

at::Tensor difference(const at::Tensor& maps, std::int64_t along) {
  const std::int64_t size = maps.size(along);
  return maps.slice(along, 1, size) - maps.slice(along, 0, size - 1);
}

at::Tensor per_sample(const at::Tensor& values) { return values.abs().mean({1, 2, 3}); }

/// [1 2 1]/4 along one dimension, without the first and last position.
at::Tensor blurred(const at::Tensor& maps, std::int64_t along) {
  const std::int64_t size = maps.size(along);
  return 0.25 * (maps.slice(along, 0, size - 2) + maps.slice(along, 2, size)) + 0.5 * maps.slice(along, 1, size - 1);
}

/// The window of SSIM along one dimension, as a matrix (size - 10, size) with its weights along the diagonals. A
/// product with it takes a twentieth of the time that a convolution of one channel and its backward pass do.
at::Tensor window_means(std::int64_t size, const at::TensorOptions& options) {
  const at::Tensor offset = at::arange(kStructureWindow, options) - (kStructureWindow - 1) / 2;
  const at::Tensor weights = (offset.square() / (-2 * kStructureSigma * kStructureSigma)).exp();
  return at::matmul(at::eye(size, options).unfold(1, kStructureWindow, 1), weights / weights.sum()).t();
}

/// (B,3,H,W) in [-1,1] -> (B,1,H,W): Y as metrics have it, 16 to 235, over 255.
at::Tensor metric_luma(const at::Tensor& images) { return (16 + 109.5 * (luma(images) + 1)) / 255; }

at::Tensor amplitude(const at::Tensor& maps) {
  const at::Tensor inside = maps.slice(2, 1, maps.size(2) - 1).slice(3, 1, maps.size(3) - 1);
  const at::Tensor band = inside - blurred(blurred(maps, 2), 3);
  const at::Tensor power =
      at::avg_pool2d(band.square(), {kTextureWindow, kTextureWindow}, {kTextureStride, kTextureStride});
  return (power + kSmallestPower).sqrt();
}

}  // namespace

at::Tensor absolute_loss(const at::Tensor& prediction, const at::Tensor& truth) {
  return per_sample(prediction - truth);
}

at::Tensor structure_loss(const at::Tensor& prediction, const at::Tensor& truth) {
  const Autocast plain(prediction.device(), false);  // variances are small differences of means of squares
  const at::Tensor a = metric_luma(prediction);
  const at::Tensor b = metric_luma(truth);
  const at::Tensor down = window_means(a.size(2), a.options());
  const at::Tensor across = window_means(a.size(3), a.options()).t();
  const auto means = at::matmul(at::matmul(down, at::cat({a, b, a * a, b * b, a * b})), across).chunk(5);
  const at::Tensor both = means[0] * means[1];
  const at::Tensor squares = means[0].square() + means[1].square();
  const at::Tensor similarity = (2 * both + kStructureC1) * (2 * (means[4] - both) + kStructureC2) /
                                ((squares + kStructureC1) * (means[2] + means[3] - squares + kStructureC2));
  return 1 - similarity.mean({1, 2, 3});
}

at::Tensor gradient_loss(const at::Tensor& prediction, const at::Tensor& truth) {
  at::Tensor error = luma(prediction) - luma(truth);
  at::Tensor sum = per_sample(difference(error, 2)) + per_sample(difference(error, 3));
  for (int size = 1; size < kGradientSizes; ++size) {
    error = half_size(error);
    sum = sum + per_sample(difference(error, 2)) + per_sample(difference(error, 3));
  }
  return sum / (2 * kGradientSizes);
}

at::Tensor texture_loss(const at::Tensor& prediction, const at::Tensor& truth) {
  at::Tensor a = luma(prediction);
  at::Tensor b = luma(truth);
  at::Tensor sum = per_sample(amplitude(a) - amplitude(b));
  for (int size = 1; size < kTextureSizes; ++size) {
    a = half_size(a);
    b = half_size(b);
    sum = sum + per_sample(amplitude(a) - amplitude(b));
  }
  return sum / kTextureSizes;
}

}  // namespace samsr
