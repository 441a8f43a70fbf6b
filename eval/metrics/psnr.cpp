#include "eval/metrics/psnr.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace samsr {
namespace {

constexpr double kFloor = 1e-8;

double sum_of_squared_differences(const Plane& a, const Plane& b) {
  constexpr std::size_t kLanes = 8;  // independent sums, so that the loop vectorises
  std::array<double, kLanes> sums{};
  const std::size_t count = a.values.size();
  const std::size_t whole = count - count % kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double difference = a.values[i + lane] - b.values[i + lane];
      sums[lane] += difference * difference;
    }
  }
  for (std::size_t i = whole; i < count; ++i) {
    const double difference = a.values[i] - b.values[i];
    sums[0] += difference * difference;
  }
  double total = 0;
  for (const double sum : sums) {
    total += sum;
  }
  return total;
}

/// The same of two images as stored, in levels; most are bytes, of which one needs no planes.
double sum_of_squared_differences(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != at::kByte || b.scalar_type() != at::kByte) {
    const std::vector<Plane> of_a = planes_of(a, Channels::kRgb);
    const std::vector<Plane> of_b = planes_of(b, Channels::kRgb);
    double sum = 0;
    for (std::size_t i = 0; i < of_a.size(); ++i) {
      sum += sum_of_squared_differences(of_a[i], of_b[i]);
    }
    return sum;
  }
  constexpr std::int64_t kPiece = 1 << 14;  // whose sum stays below 2^31
  const auto* x = a.const_data_ptr<std::uint8_t>();
  const auto* y = b.const_data_ptr<std::uint8_t>();
  const std::int64_t count = a.numel();
  std::int64_t total = 0;
  for (std::int64_t first = 0; first < count; first += kPiece) {
    const std::int64_t last = std::min(first + kPiece, count);
    std::int32_t sum = 0;
    for (std::int64_t i = first; i < last; ++i) {
      const std::int32_t difference = x[i] - y[i];
      sum += difference * difference;
    }
    total += sum;
  }
  return static_cast<double>(total);
}

}  // namespace

Psnr::Psnr(Channels channels, std::int64_t crop_border)
    : PixelMetric(metric_description(channels == Channels::kLuma ? "psnr_y" : "psnr_rgb"), crop_border),
      channels_(channels) {}

std::string Psnr::conventions() const {
  return channels_ == Channels::kLuma ? "dB, Y of BT.601 in [0,255], not rounded"
                                      : "dB, RGB, mean over channels";
}

std::string Psnr::undefined_for_cropped(std::int64_t, std::int64_t) const { return {}; }

double Psnr::score_one(const at::Tensor& pred, const at::Tensor& ref) const {
  if (channels_ == Channels::kRgb) {
    const double mse = sum_of_squared_differences(pred, ref) / static_cast<double>(pred.numel());
    return 10 * std::log10(1 / (mse / (255.0 * 255.0) + kFloor));
  }
  const Plane a = planes_of(pred, channels_).front();
  const Plane b = planes_of(ref, channels_).front();
  const double mse = sum_of_squared_differences(a, b) / static_cast<double>(a.values.size());
  return 10 * std::log10(255.0 * 255.0 / (mse + kFloor));
}

}  // namespace samsr
