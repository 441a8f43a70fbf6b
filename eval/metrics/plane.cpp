#include "eval/metrics/plane.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace samsr {
namespace {

/// Value of a stored sample in [0, 255].
double level(std::uint8_t sample) { return sample; }
double level(double sample) { return 255.0 * sample; }

template <class Sample>
Plane luma(const Sample* rgb, std::int64_t height, std::int64_t width) {
  Plane plane(height, width);
  const std::int64_t count = height * width;
  double* out = plane.values.data();
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = 16.0 + (65.481 * level(rgb[i]) + 128.553 * level(rgb[count + i]) + 24.966 * level(rgb[2 * count + i])) *
                        (1.0 / 255.0);
  }
  return plane;
}

template <class Sample>
std::vector<Plane> split(const Sample* rgb, std::int64_t height, std::int64_t width, Channels channels) {
  std::vector<Plane> planes;
  if (channels == Channels::kLuma) {
    planes.push_back(luma(rgb, height, width));
    return planes;
  }
  const std::int64_t count = height * width;
  for (int channel = 0; channel < 3; ++channel) {
    Plane& plane = planes.emplace_back(height, width);
    std::transform(rgb + channel * count, rgb + (channel + 1) * count, plane.values.begin(),
                   [](Sample sample) { return level(sample); });
  }
  return planes;
}

/// Cubic convolution kernel with a = -0.5 (Keys 1981), MATLAB's.
double cubic(double x) {
  x = std::abs(x);
  if (x <= 1) {
    return (1.5 * x - 2.5) * x * x + 1;
  }
  return x <= 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/// Mirror with the edge sample repeated: … 1 0 | 0 1 2 … n-1 | n-1 n-2 …
std::int64_t mirrored(std::int64_t i, std::int64_t n) {
  const std::int64_t period = 2 * n;
  i = ((i % period) + period) % period;
  return i < n ? i : period - 1 - i;
}

void add_scaled(const double* in, double factor, std::int64_t count, double* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] += factor * in[i];
  }
}

}  // namespace

std::vector<Plane> planes_of(const at::Tensor& image, Channels channels) {
  TORCH_CHECK(image.dim() == 3 && image.size(0) == 3 && image.is_contiguous() && image.is_cpu(), "image is ",
              image.sizes(), ", expected a contiguous (3,H,W) on the CPU");
  const std::int64_t height = image.size(1);
  const std::int64_t width = image.size(2);
  if (image.scalar_type() == at::kByte) {
    return split(image.const_data_ptr<std::uint8_t>(), height, width, channels);
  }
  return split(image.const_data_ptr<double>(), height, width, channels);
}

void round_values(Plane& plane) {
  for (double& value : plane.values) {
    value = std::nearbyint(value);
  }
}

std::vector<double> gaussian_taps(int taps, double sigma) {
  std::vector<double> weights(static_cast<std::size_t>(taps));
  double sum = 0;
  for (int i = 0; i < taps; ++i) {
    const double x = i - (taps - 1) / 2;
    weights[static_cast<std::size_t>(i)] = std::exp(-x * x / (2 * sigma * sigma));
    sum += weights[static_cast<std::size_t>(i)];
  }
  for (double& weight : weights) {
    weight /= sum;
  }
  return weights;
}

Plane filter_replicated(const Plane& plane, std::span<const double> taps) {
  const auto reach = static_cast<std::int64_t>(taps.size() / 2);
  const std::int64_t width = plane.width;
  Plane out(plane.height, width);
  std::vector<double> row(static_cast<std::size_t>(width + 2 * reach));
  for (std::int64_t y = 0; y < plane.height; ++y) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::int64_t k = -reach; k <= reach; ++k) {
      const std::int64_t from = std::clamp<std::int64_t>(y + k, 0, plane.height - 1);
      add_scaled(plane.row(from), taps[static_cast<std::size_t>(k + reach)], width, row.data() + reach);
    }
    std::fill_n(row.begin(), reach, row[static_cast<std::size_t>(reach)]);
    std::fill_n(row.end() - reach, reach, row[static_cast<std::size_t>(reach + width - 1)]);
    for (std::int64_t k = 0; k <= 2 * reach; ++k) {
      add_scaled(row.data() + k, taps[static_cast<std::size_t>(k)], width, out.row(y));
    }
  }
  return out;
}

Plane halve_bicubic(const Plane& plane) {
  constexpr std::int64_t kTaps = 8;
  std::array<double, kTaps> taps;
  double sum = 0;
  for (std::int64_t k = 0; k < kTaps; ++k) {  // output i sits between inputs 2i and 2i+1
    taps[static_cast<std::size_t>(k)] = cubic((static_cast<double>(k) - 3.5) / 2);
    sum += taps[static_cast<std::size_t>(k)];
  }
  for (double& tap : taps) {
    tap /= sum;
  }
  Plane out((plane.height + 1) / 2, (plane.width + 1) / 2);
  std::vector<double> row(static_cast<std::size_t>(plane.width));
  std::vector<double> padded(static_cast<std::size_t>(2 * out.width + kTaps));
  for (std::int64_t y = 0; y < out.height; ++y) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::int64_t k = 0; k < kTaps; ++k) {
      add_scaled(plane.row(mirrored(2 * y + k - 3, plane.height)), taps[static_cast<std::size_t>(k)], plane.width,
                 row.data());
    }
    for (std::int64_t x = 0; x < static_cast<std::int64_t>(padded.size()); ++x) {
      padded[static_cast<std::size_t>(x)] = row[static_cast<std::size_t>(mirrored(x - 3, plane.width))];
    }
    for (std::int64_t x = 0; x < out.width; ++x) {
      const double* from = padded.data() + 2 * x;
      double value = 0;
      for (std::int64_t k = 0; k < kTaps; ++k) {
        value += taps[static_cast<std::size_t>(k)] * from[k];
      }
      out.row(y)[x] = value;
    }
  }
  return out;
}

}  // namespace samsr
