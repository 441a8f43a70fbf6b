#include "eval/metrics/psnr.h"

#include <ATen/core/Tensor.h>

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
  const std::vector<Plane> a = planes_of(pred, channels_);
  const std::vector<Plane> b = planes_of(ref, channels_);
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += sum_of_squared_differences(a[i], b[i]);
    count += a[i].values.size();
  }
  const double mse = sum / static_cast<double>(count);
  return channels_ == Channels::kLuma ? 10 * std::log10(255.0 * 255.0 / (mse + kFloor))
                                      : 10 * std::log10(1 / (mse / (255.0 * 255.0) + kFloor));
}

}  // namespace samsr
