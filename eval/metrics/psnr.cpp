#include "eval/metrics/psnr.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace samsr {
namespace {

constexpr double kFloor = 1e-8;
constexpr std::array<double, 3> kLumaWeights = {65.481 / 255, 128.553 / 255, 24.966 / 255};

/// Sum over pixels of (Y(a) - Y(b))^2 for three planes of `count` samples each, in the samples' own unit. Y is linear,
/// so that of the differences is enough.
template <class Sample>
double squared_luma_differences(const Sample* a, const Sample* b, std::int64_t count) {
  constexpr std::int64_t kLanes = 8;  // independent sums, so that the loop vectorises
  std::array<double, kLanes> sums{};
  const auto of_pixel = [&](std::int64_t i) {
    double luma = 0;
    for (std::int64_t channel = 0; channel < 3; ++channel) {
      const std::int64_t at = channel * count + i;
      luma += kLumaWeights[static_cast<std::size_t>(channel)] * static_cast<double>(a[at] - b[at]);
    }
    return luma * luma;
  };
  const std::int64_t whole = count - count % kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      sums[static_cast<std::size_t>(lane)] += of_pixel(i + lane);
    }
  }
  for (std::int64_t i = whole; i < count; ++i) {
    sums[0] += of_pixel(i);
  }
  double total = 0;
  for (const double sum : sums) {
    total += sum;
  }
  return total;
}

double squared_differences(const std::uint8_t* a, const std::uint8_t* b, std::int64_t count) {
  constexpr std::int64_t kPiece = 1 << 14;  // whose sum stays below 2^31
  std::int64_t total = 0;
  for (std::int64_t first = 0; first < count; first += kPiece) {
    const std::int64_t last = std::min(first + kPiece, count);
    std::int32_t sum = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const std::int32_t difference = a[i] - b[i];
      sum += difference * difference;
    }
    total += sum;
  }
  return static_cast<double>(total);
}

at::Tensor as_double(const at::Tensor& image) {
  return image.scalar_type() == at::kByte ? image.to(at::kDouble) / 255 : image;
}

/// Mean squared difference with white at 255.
double mean_squared_difference(const at::Tensor& a, const at::Tensor& b, Channels channels) {
  const std::int64_t pixels = a.numel() / 3;
  if (a.scalar_type() == at::kByte && b.scalar_type() == at::kByte) {
    const auto* x = a.const_data_ptr<std::uint8_t>();
    const auto* y = b.const_data_ptr<std::uint8_t>();
    return channels == Channels::kLuma ? squared_luma_differences(x, y, pixels) / static_cast<double>(pixels)
                                       : squared_differences(x, y, a.numel()) / static_cast<double>(a.numel());
  }
  const at::Tensor x = as_double(a);
  const at::Tensor y = as_double(b);
  const double mean = channels == Channels::kLuma
                          ? squared_luma_differences(x.const_data_ptr<double>(), y.const_data_ptr<double>(), pixels) /
                                static_cast<double>(pixels)
                          : (x - y).square_().mean().item<double>();
  return mean * 255 * 255;
}

}  // namespace

Psnr::Psnr(Channels channels, const MetricParts& parts) : PixelMetric(parts), channels_(channels) {}

std::string Psnr::conventions() const {
  return channels_ == Channels::kLuma ? "dB, Y of BT.601 in [0,255], not rounded" : "dB, RGB, mean over channels";
}

std::string Psnr::undefined_for_cropped(std::int64_t, std::int64_t) const { return {}; }

double Psnr::score_one(const at::Tensor& pred, const at::Tensor& ref) const {
  const double mse = mean_squared_difference(pred, ref, channels_);
  return channels_ == Channels::kLuma ? 10 * std::log10(255.0 * 255.0 / (mse + kFloor))
                                      : 10 * std::log10(1 / (mse / (255.0 * 255.0) + kFloor));
}

}  // namespace samsr
