#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace samsr {

/// One channel of one image in [0, 255], double precision, row-major.
struct Plane {
  Plane(std::int64_t rows, std::int64_t columns)
      : height(rows), width(columns), values(static_cast<std::size_t>(rows * columns)) {}

  const double* row(std::int64_t y) const { return values.data() + y * width; }
  double* row(std::int64_t y) { return values.data() + y * width; }

  std::int64_t height;
  std::int64_t width;
  std::vector<double> values;
};

/// What a metric looks at.
enum class Channels {
  kLuma,  ///< Y of ITU-R BT.601: 16 + (65.481 R + 128.553 G + 24.966 B) / 255, in [16, 235]
  kRgb,   ///< R, G and B
};

/// Planes of `image`: (3,H,W) RGB on the CPU, contiguous, uint8 or float64 in [0,1]. One plane for
/// kLuma, three for kRgb.
std::vector<Plane> planes_of(const at::Tensor& image, Channels channels);

/// Rounds to whole levels, as the published code does before SSIM and NIQE.
void round_values(Plane& plane);

/// Normalised Gaussian of an odd number of taps: exp(-x^2 / (2 sigma^2)) / sum.
std::vector<double> gaussian_taps(int taps, double sigma);

/// Separable filter with `taps` along both axes; beyond the border the border's value is repeated.
Plane filter_replicated(const Plane& plane, std::span<const double> taps);

/// Half the size with MATLAB's antialiased bicubic `imresize(x, 0.5)`: 8 taps of the stretched kernel
/// (a = -0.5), borders mirrored with the edge sample repeated. Odd sizes round up.
Plane halve_bicubic(const Plane& plane);

}  // namespace samsr
