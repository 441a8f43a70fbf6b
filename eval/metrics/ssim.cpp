#include "eval/metrics/ssim.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace samsr {
namespace {

constexpr std::int64_t kWindow = 11;
constexpr double kSigma = 1.5;
constexpr double kC1 = 0.01 * 0.01 * 255 * 255;
constexpr double kC2 = 0.03 * 0.03 * 255 * 255;
constexpr std::size_t kMoments = 5;  // a, b, aa, bb, ab

/// One row of the five moments, each `width` long.
using MomentRows = std::array<std::vector<double>, kMoments>;

MomentRows moment_rows(std::int64_t width) {
  MomentRows rows;
  rows.fill(std::vector<double>(static_cast<std::size_t>(width)));
  return rows;
}

void products(const double* a, const double* b, std::int64_t width, MomentRows& out) {
  for (std::int64_t x = 0; x < width; ++x) {
    const auto i = static_cast<std::size_t>(x);
    out[0][i] = a[x];
    out[1][i] = b[x];
    out[2][i] = a[x] * a[x];
    out[3][i] = b[x] * b[x];
    out[4][i] = a[x] * b[x];
  }
}

/// Weighted sum of the window's rows or columns: out[x] = sum_k window[k] * from(k)[x].
template <class From>
void weighted_sum(const std::vector<double>& window, std::int64_t width, From from, double* out) {
  const double* first = from(0);
  for (std::int64_t x = 0; x < width; ++x) {
    out[x] = window[0] * first[x];
  }
  for (std::int64_t k = 1; k < kWindow; ++k) {
    const double* row = from(k);
    const double weight = window[static_cast<std::size_t>(k)];
    for (std::int64_t x = 0; x < width; ++x) {
      out[x] += weight * row[x];
    }
  }
}

}  // namespace

Ssim::Ssim(Channels channels, const MetricParts& parts)
    : PixelMetric(parts), channels_(channels), window_(gaussian_taps(kWindow, kSigma)) {}

std::string Ssim::conventions() const {
  return fmt::format("{}, 11x11 Gaussian window (sigma 1.5), valid region",
                     channels_ == Channels::kLuma ? "Y of BT.601 in [0,255], rounded" : "RGB, mean over channels");
}

std::string Ssim::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  return height >= kWindow && width >= kWindow
             ? std::string()
             : fmt::format("{}x{} is smaller than the {}x{} window", width, height, kWindow, kWindow);
}

double Ssim::score_planes(const Plane& a, const Plane& b) const {
  const std::int64_t width = a.width - kWindow + 1;
  const std::int64_t height = a.height - kWindow + 1;
  MomentRows raw = moment_rows(a.width);
  MomentRows filtered = moment_rows(width);
  std::array<MomentRows, kWindow> ring;  // the last rows, filtered along x
  ring.fill(moment_rows(width));
  std::vector<double> row_sums(static_cast<std::size_t>(width));
  double total = 0;
  for (std::int64_t y = 0; y < a.height; ++y) {
    products(a.row(y), b.row(y), a.width, raw);
    MomentRows& newest = ring[static_cast<std::size_t>(y % kWindow)];
    for (std::size_t m = 0; m < kMoments; ++m) {
      weighted_sum(
          window_, width, [&](std::int64_t k) { return raw[m].data() + k; }, newest[m].data());
    }
    const std::int64_t top = y - kWindow + 1;
    if (top < 0) {
      continue;
    }
    for (std::size_t m = 0; m < kMoments; ++m) {
      weighted_sum(
          window_, width, [&](std::int64_t k) { return ring[static_cast<std::size_t>((top + k) % kWindow)][m].data(); },
          filtered[m].data());
    }
    for (std::size_t x = 0; x < row_sums.size(); ++x) {
      const double mean_a = filtered[0][x];
      const double mean_b = filtered[1][x];
      const double mean_product = mean_a * mean_b;
      const double mean_squares = mean_a * mean_a + mean_b * mean_b;
      const double variances = filtered[2][x] + filtered[3][x] - mean_squares;
      const double covariance = filtered[4][x] - mean_product;
      const double structure = (2 * covariance + kC2) / (variances + kC2);
      row_sums[x] += (2 * mean_product + kC1) / (mean_squares + kC1) * std::max(structure, 0.0);
    }
  }
  for (const double sum : row_sums) {
    total += sum;
  }
  return total / static_cast<double>(width * height);
}

double Ssim::score_one(const at::Tensor& pred, const at::Tensor& ref) const {
  std::vector<Plane> a = planes_of(pred, channels_);
  std::vector<Plane> b = planes_of(ref, channels_);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    round_values(a[i]);
    round_values(b[i]);
    sum += score_planes(a[i], b[i]);
  }
  return sum / static_cast<double>(a.size());
}

}  // namespace samsr
