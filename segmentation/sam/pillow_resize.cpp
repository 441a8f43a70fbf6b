#include "segmentation/sam/pillow_resize.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace samsr {
namespace {

constexpr int kChannels = 3;
/// Bits behind the point: 32 less 8 of the pixel, sign and one to spare.
constexpr int kFraction = 22;
constexpr std::int32_t kHalf = 1 << (kFraction - 1);

/// Which input pixels make an output pixel, and how much of each.
struct Taps {
  int first;
  std::vector<std::int32_t> weights;
};

std::vector<Taps> make_taps(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double reach = std::max(scale, 1.0);
  std::vector<Taps> taps;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(static_cast<int>(centre - reach + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + reach + 0.5), from);
    std::vector<double> exact;
    double sum = 0;
    for (int x = first; x < end; ++x) {
      exact.push_back(std::max(1 - std::abs((x - centre + 0.5) * (1 / reach)), 0.0));
      sum += exact.back();
    }
    Taps each{first, {}};
    for (const double weight : exact) {
      each.weights.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << kFraction)));
    }
    taps.push_back(std::move(each));
  }
  return taps;
}

std::uint8_t rounded(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kFraction, 0, 255)); }

cv::Mat resize_columns(const cv::Mat& image, int width) {
  const std::vector<Taps> taps = make_taps(image.cols, width);
  cv::Mat out(image.rows, width, CV_8UC3);
  for (int y = 0; y < out.rows; ++y) {
    const auto* in = image.ptr<std::uint8_t>(y);
    auto* to = out.ptr<std::uint8_t>(y);
    for (const Taps& each : taps) {
      for (int c = 0; c < kChannels; ++c) {
        std::int32_t sum = kHalf;
        const auto* pixel = in + each.first * kChannels + c;
        for (const std::int32_t weight : each.weights) {
          sum += *pixel * weight;
          pixel += kChannels;
        }
        *to++ = rounded(sum);
      }
    }
  }
  return out;
}

cv::Mat resize_rows(const cv::Mat& image, int height) {
  const std::vector<Taps> taps = make_taps(image.rows, height);
  cv::Mat out(height, image.cols, CV_8UC3);
  const std::size_t bytes = static_cast<std::size_t>(image.cols) * kChannels;
  std::vector<std::int32_t> sums(bytes);
  for (int y = 0; y < height; ++y) {
    const Taps& each = taps[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::size_t i = 0; i < each.weights.size(); ++i) {
      const auto* row = image.ptr<std::uint8_t>(each.first + static_cast<int>(i));
      for (std::size_t x = 0; x < bytes; ++x) {
        sums[x] += row[x] * each.weights[i];
      }
    }
    std::transform(sums.begin(), sums.end(), out.ptr<std::uint8_t>(y), rounded);
  }
  return out;
}

}  // namespace

cv::Mat pillow_resize(const cv::Mat& image, cv::Size size) {
  CV_Assert(image.type() == CV_8UC3 && !image.empty() && size.width >= 1 && size.height >= 1);
  const cv::Mat wide = size.width == image.cols ? image : resize_columns(image, size.width);
  return size.height == wide.rows ? wide.clone() : resize_rows(wide, size.height);
}

}  // namespace samsr
