#include "degradation/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "degradation/channels.h"

namespace samsr {
namespace {

/// For each output position a window of `count` inputs from start[i] on, and their weights.
struct Axis {
  int count = 0;
  std::vector<int> start;
  std::vector<float> weights;  ///< (positions, count)

  const float* window(int position) const { return weights.data() + static_cast<std::ptrdiff_t>(position) * count; }
};

/// Weights of the inputs floor(x) - 1 … floor(x) + 2 at the fraction t (Keys 1981, a = -0.75).
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

Axis adaptive_average(int in, int out) {
  const auto begin = [&](int i) { return static_cast<int>(static_cast<std::int64_t>(i) * in / out); };
  const auto end = [&](int i) { return static_cast<int>((static_cast<std::int64_t>(i + 1) * in + out - 1) / out); };
  Axis axis;
  for (int i = 0; i < out; ++i) {
    axis.count = std::max(axis.count, end(i) - begin(i));
  }
  axis.weights.assign(static_cast<std::size_t>(out) * static_cast<std::size_t>(axis.count), 0.0F);
  for (int i = 0; i < out; ++i) {
    const int first = std::min(begin(i), in - axis.count);
    axis.start.push_back(first);
    float* window = axis.weights.data() + static_cast<std::ptrdiff_t>(i) * axis.count - first;
    for (int source = begin(i); source < end(i); ++source) {
      window[source] = 1.0F / static_cast<float>(end(i) - begin(i));
    }
  }
  return axis;
}

/// `step`: input pixels per output pixel. Inputs beyond the border are the border's pixel.
Axis interpolating(int in, int out, double step, ResizeMode mode) {
  const int reach = mode == ResizeMode::kBicubic ? 4 : 2;
  Axis axis;
  axis.count = std::min(reach, in);
  axis.weights.assign(static_cast<std::size_t>(out) * static_cast<std::size_t>(axis.count), 0.0F);
  for (int i = 0; i < out; ++i) {
    const double x = (i + 0.5) * step - 0.5;
    const double t = x - std::floor(x);
    const int first = static_cast<int>(std::floor(x)) - (reach / 2 - 1);
    const std::array<double, 4> weights =
        mode == ResizeMode::kBicubic ? cubic_weights(t) : std::array<double, 4>{1 - t, t, 0, 0};
    const int start = std::clamp(first, 0, in - axis.count);
    axis.start.push_back(start);
    for (int tap = 0; tap < reach; ++tap) {
      const int source = std::clamp(first + tap, 0, in - 1);
      axis.weights[static_cast<std::size_t>(i * axis.count + source - start)] +=
          static_cast<float>(weights[static_cast<std::size_t>(tap)]);
    }
  }
  return axis;
}

Axis make_axis(int in, int out, double step, ResizeMode mode) {
  return mode == ResizeMode::kArea ? adaptive_average(in, out) : interpolating(in, out, step, mode);
}

cv::Mat apply(const cv::Mat& image, const Axis& vertical, const Axis& horizontal) {
  const int rows = static_cast<int>(vertical.start.size());
  const int cols = static_cast<int>(horizontal.start.size());
  cv::Mat result(rows, cols, CV_32FC3);
  std::vector<float> line(static_cast<std::size_t>(image.cols) * kChannels);
  for (int y = 0; y < rows; ++y) {
    std::fill(line.begin(), line.end(), 0.0F);
    for (int tap = 0; tap < vertical.count; ++tap) {
      const float weight = vertical.window(y)[tap];
      const float* source = image.ptr<float>(vertical.start[static_cast<std::size_t>(y)] + tap);
      for (std::size_t i = 0; i < line.size(); ++i) {
        line[i] = std::fma(weight, source[i], line[i]);
      }
    }
    float* out = result.ptr<float>(y);
    for (int x = 0; x < cols; ++x) {
      const float* weights = horizontal.window(x);
      const float* source = line.data() + kChannels * horizontal.start[static_cast<std::size_t>(x)];
      float red = 0;
      float green = 0;
      float blue = 0;
      for (int tap = 0; tap < horizontal.count; ++tap) {
        red = std::fma(weights[tap], source[kChannels * tap], red);
        green = std::fma(weights[tap], source[kChannels * tap + 1], green);
        blue = std::fma(weights[tap], source[kChannels * tap + 2], blue);
      }
      out[kChannels * x] = red;
      out[kChannels * x + 1] = green;
      out[kChannels * x + 2] = blue;
    }
  }
  return result;
}

}  // namespace

std::string resize_mode_name(ResizeMode mode) {
  switch (mode) {
    case ResizeMode::kArea:
      return "area";
    case ResizeMode::kBilinear:
      return "bilinear";
    case ResizeMode::kBicubic:
      return "bicubic";
  }
  throw std::logic_error("unknown resize mode");
}

cv::Mat resize_to(const cv::Mat& image, cv::Size size, ResizeMode mode) {
  CV_Assert(image.type() == CV_32FC3 && !image.empty() && size.width > 0 && size.height > 0);
  if (size == image.size()) {
    return image;
  }
  const double step_y = static_cast<double>(image.rows) / size.height;
  const double step_x = static_cast<double>(image.cols) / size.width;
  return apply(image, make_axis(image.rows, size.height, step_y, mode),
               make_axis(image.cols, size.width, step_x, mode));
}

cv::Mat resize_by(const cv::Mat& image, double factor, ResizeMode mode) {
  CV_Assert(image.type() == CV_32FC3 && !image.empty() && factor > 0);
  const int rows = std::max(1, static_cast<int>(image.rows * factor));
  const int cols = std::max(1, static_cast<int>(image.cols * factor));
  if (rows == image.rows && cols == image.cols) {
    return image;
  }
  return apply(image, make_axis(image.rows, rows, 1.0 / factor, mode), make_axis(image.cols, cols, 1.0 / factor, mode));
}

}  // namespace samsr
