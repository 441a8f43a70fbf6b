#include "degradation/noise.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "degradation/channels.h"
#include "degradation/convert.h"

namespace samsr {
namespace {

/// Luma of an image rounded to 8 bits, CV_8UC1.
cv::Mat luma_levels(const cv::Mat& image) {
  cv::Mat levels(image.size(), CV_8UC1);
  for (int y = 0; y < image.rows; ++y) {
    const float* from = image.ptr<float>(y);
    uchar* to = levels.ptr<uchar>(y);
    for (int x = 0; x < image.cols; ++x) {
      const float* pixel = from + kChannels * x;
      const float luma = 0.2989F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
      to[x] = static_cast<uchar>(std::clamp(std::rint(luma * 255.0F), 0.0F, 255.0F));
    }
  }
  return levels;
}

std::array<bool, 256> levels_present(const cv::Mat& levels) {
  std::array<bool, 256> present{};
  for (int y = 0; y < levels.rows; ++y) {
    const uchar* row = levels.ptr<uchar>(y);
    for (int i = 0; i < levels.cols * levels.channels(); ++i) {
      present[row[i]] = true;
    }
  }
  return present;
}

}  // namespace

void add_gaussian_noise(cv::Mat& image, double sigma, bool grey, Rng& rng) {
  CV_Assert(image.type() == CV_32FC3);
  const float amplitude = static_cast<float>(sigma / 255.0);
  std::vector<float> noise(static_cast<std::size_t>(image.cols) * (grey ? 1 : kChannels));
  for (int y = 0; y < image.rows; ++y) {
    rng.fill_normal(noise);
    float* row = image.ptr<float>(y);
    if (grey) {
      for (int x = 0; x < image.cols; ++x) {
        const float value = amplitude * noise[static_cast<std::size_t>(x)];
        row[kChannels * x] += value;
        row[kChannels * x + 1] += value;
        row[kChannels * x + 2] += value;
      }
    } else {
      for (std::size_t i = 0; i < noise.size(); ++i) {
        row[i] += amplitude * noise[i];
      }
    }
  }
}

PoissonNoise::PoissonNoise()
    : tables_{PoissonTable(1),  PoissonTable(2),  PoissonTable(4),   PoissonTable(8),  PoissonTable(16),
              PoissonTable(32), PoissonTable(64), PoissonTable(128), PoissonTable(256)} {}

const PoissonTable& PoissonNoise::table_for(const std::array<bool, 256>& present, int& count) const {
  const auto values = static_cast<unsigned>(std::count(present.begin(), present.end(), true));
  count = static_cast<int>(std::bit_ceil(values));
  return tables_[static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(count)))];
}

void PoissonNoise::add(cv::Mat& image, double scale, bool grey, Rng& rng) const {
  CV_Assert(image.type() == CV_32FC3 && !image.empty());
  const cv::Mat levels = grey ? luma_levels(image) : to_bytes(image);
  int count = 0;
  const PoissonTable& table = table_for(levels_present(levels), count);
  const float amplitude = static_cast<float>(scale / count);
  std::array<float, 256> mean;
  for (int level = 0; level < 256; ++level) {
    mean[static_cast<std::size_t>(level)] = static_cast<float>(level) / 255.0F * static_cast<float>(count);
  }
  for (int y = 0; y < image.rows; ++y) {
    const uchar* level = levels.ptr<uchar>(y);
    float* row = image.ptr<float>(y);
    const int values = image.cols * (grey ? 1 : kChannels);
    for (int i = 0; i < values; ++i) {
      const float noise = amplitude * (static_cast<float>(table.draw(level[i], rng)) - mean[level[i]]);
      if (grey) {
        row[kChannels * i] += noise;
        row[kChannels * i + 1] += noise;
        row[kChannels * i + 2] += noise;
      } else {
        row[i] += noise;
      }
    }
  }
}

}  // namespace samsr
