#include "train/losses/high_frequency_loss.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "models/layers/autocast.h"
#include "train/losses/image_losses.h"

namespace samsr {
namespace {

std::int64_t gauss_reach(double sigma) { return static_cast<std::int64_t>(std::ceil(3 * sigma)); }

/// Correlation of each channel with one filter (k,k), borders reflected.
at::Tensor filtered(const at::Tensor& images, const at::Tensor& filter) {
  const std::int64_t channels = images.size(1);
  const std::int64_t reach = filter.size(0) / 2;
  const at::Tensor weights = filter.to(images.options()).expand({channels, 1, filter.size(0), filter.size(1)});
  constexpr std::int64_t kStride = 1;
  constexpr std::int64_t kUnpadded = 0;
  return at::conv2d(at::reflection_pad2d(images, {reach, reach, reach, reach}), weights, {}, kStride, kUnpadded,
                    /*dilation=*/1, channels);
}

at::Tensor filter_of(std::initializer_list<double> rows) {
  return at::tensor(at::ArrayRef<double>(rows.begin(), rows.size()), at::kDouble).view({3, 3});
}

}  // namespace

void HighFrequencySettings::bind(Settings& settings) {
  settings
      .add("hfp.filter", filter,
           "what distill.lambda_hfp compares: fft: frequencies beyond hfp.radius; haar: the details of hfp.levels Haar "
           "transforms; gauss: what a blur of hfp.sigma takes away; sobel_lap: slopes and curvature")
      .one_of({"fft", "haar", "gauss", "sobel_lap"});
  settings.add("hfp.radius", radius, "fft: the lowest frequency, as a part of Nyquist's").above(0.0).at_most(1.4);
  settings.add("hfp.levels", levels, "haar: transforms, each of what the last one left").between(1, 6);
  settings.add("hfp.sigma", sigma, "gauss: standard deviation of the blur, in pixels").above(0.0).at_most(20.0);
  settings.add("hfp.eps", eps, "sobel_lap: added to the squared slope before its root").above(0.0).at_most(1.0);
}

void HighFrequencySettings::check_sides(std::int64_t height, std::int64_t width) const {
  const std::int64_t multiple = std::int64_t{1} << levels;
  if (filter == "haar" && (height % multiple != 0 || width % multiple != 0)) {
    throw UserError(
        "hfp.levels is {}: it halves pictures of {}x{} to no whole pixels, expected sides of a multiple of {}", levels,
        width, height, multiple);
  }
  if (filter == "gauss" && std::min(height, width) <= gauss_reach(sigma)) {
    throw UserError("hfp.sigma is {}: its blur of {} pixels is wider than pictures of {}x{} can be continued by", sigma,
                    2 * gauss_reach(sigma) + 1, width, height);
  }
}

at::Tensor high_pass_fft(const at::Tensor& images, double radius) {
  const auto frequencies = at::TensorOptions(at::kDouble).device(images.device());
  // Squares are compared, in double: a frequency on the circle is on one side of it whatever the precision.
  const at::Tensor down = at::fft_fftfreq(images.size(2), 1.0, frequencies).square().unsqueeze(1);
  const at::Tensor across = at::fft_rfftfreq(images.size(3), 1.0, frequencies).square();
  const at::Tensor kept = (down + across > radius * radius / 4).to(images.scalar_type());
  return at::fft_irfft2(at::fft_rfft2(images) * kept, {{images.size(2), images.size(3)}});
}

at::Tensor high_pass_gauss(const at::Tensor& images, double sigma) {
  const std::int64_t reach = gauss_reach(sigma);
  const at::Tensor line = (at::arange(-reach, reach + 1, at::kDouble).square() / (-2 * sigma * sigma)).exp();
  const at::Tensor weights = line / line.sum();
  return images - filtered(images, at::outer(weights, weights));
}

std::vector<at::Tensor> haar_details(const at::Tensor& images, std::int64_t levels) {
  const std::int64_t multiple = std::int64_t{1} << levels;
  TORCH_CHECK(images.size(2) % multiple == 0 && images.size(3) % multiple == 0, "haar_details: sides of ",
              images.sizes(), " are no multiples of ", multiple);
  std::vector<at::Tensor> details;
  at::Tensor rest = images;
  for (std::int64_t level = 0; level < levels; ++level) {
    const at::Tensor even = rest.slice(2, 0, rest.size(2), 2);
    const at::Tensor odd = rest.slice(2, 1, rest.size(2), 2);
    const auto left = [](const at::Tensor& rows) { return rows.slice(3, 0, rows.size(3), 2); };
    const auto right = [](const at::Tensor& rows) { return rows.slice(3, 1, rows.size(3), 2); };
    const at::Tensor sums[] = {left(even) + right(even), left(odd) + right(odd)};
    const at::Tensor slopes[] = {left(even) - right(even), left(odd) - right(odd)};
    details.push_back(at::cat({slopes[0] + slopes[1], sums[0] - sums[1], slopes[0] - slopes[1]}, 1) / 2);
    rest = (sums[0] + sums[1]) / 2;
  }
  return details;
}

at::Tensor edge_strength(const at::Tensor& images, double eps) {
  const at::Tensor slope = filter_of({-1, 0, 1, -2, 0, 2, -1, 0, 1});
  const at::Tensor curvature = filter_of({0, 1, 0, 1, -4, 1, 0, 1, 0});
  const at::Tensor power = filtered(images, slope).square() + filtered(images, slope.t()).square();
  return ((power + eps).sqrt() + filtered(images, curvature).abs()) / 2;
}

at::Tensor high_frequency_loss(const at::Tensor& prediction, const at::Tensor& truth,
                               const HighFrequencySettings& settings) {
  const Autocast plain(prediction.device(), false);  // a transform in bf16 has no fine detail left
  const auto type = prediction.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor a = prediction.to(type);
  const at::Tensor b = truth.to(type);
  if (settings.filter == "haar") {
    // Linear, so that one transform does for both.
    at::Tensor sum = at::zeros({a.size(0)}, a.options());
    for (const at::Tensor& detail : haar_details(a - b, settings.levels)) {
      sum = sum + detail.abs().mean({1, 2, 3});
    }
    return sum / settings.levels;
  }
  if (settings.filter == "sobel_lap") {
    return absolute_loss(edge_strength(a, settings.eps), edge_strength(b, settings.eps));
  }
  const at::Tensor detail =
      settings.filter == "fft" ? high_pass_fft(a - b, settings.radius) : high_pass_gauss(a - b, settings.sigma);
  return detail.abs().mean({1, 2, 3});
}

}  // namespace samsr
