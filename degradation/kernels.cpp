#include "degradation/kernels.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

namespace samsr {
namespace {

cv::Mat bivariate(const KernelSpec& spec) {
  const bool rotated = is_anisotropic(spec.kind);
  const double sigma_y = rotated ? spec.sigma_y : spec.sigma_x;
  const double cosine = std::cos(rotated ? spec.theta : 0.0);
  const double sine = std::sin(rotated ? spec.theta : 0.0);
  const double along = 1.0 / (spec.sigma_x * spec.sigma_x);
  const double across = 1.0 / (sigma_y * sigma_y);
  const double xx = cosine * cosine * along + sine * sine * across;
  const double xy = cosine * sine * (along - across);
  const double yy = sine * sine * along + cosine * cosine * across;
  const bool generalized = spec.kind.starts_with("generalized");
  const bool plateau = spec.kind.starts_with("plateau");
  const int middle = spec.size / 2;
  cv::Mat kernel(spec.size, spec.size, CV_64F);
  for (int row = 0; row < spec.size; ++row) {
    for (int column = 0; column < spec.size; ++column) {
      const double x = column - middle;
      const double y = row - middle;
      const double q = xx * x * x + 2 * xy * x * y + yy * y * y;
      kernel.at<double>(row, column) = plateau       ? 1.0 / (1.0 + std::pow(q, spec.beta))
                                       : generalized ? std::exp(-0.5 * std::pow(q, spec.beta))
                                                     : std::exp(-0.5 * q);
    }
  }
  return kernel;
}

cv::Mat circular_low_pass(const KernelSpec& spec) {
  const int middle = spec.size / 2;
  // The Bessel function is the whole cost, and a kernel holds few different radii.
  std::vector<double> by_squared_radius(static_cast<std::size_t>(2 * middle * middle + 1), 0.0);
  for (int a = 0; a <= middle; ++a) {
    for (int b = 0; b <= a; ++b) {
      const double radius = std::hypot(a, b);
      by_squared_radius[static_cast<std::size_t>(a * a + b * b)] =
          radius == 0 ? spec.cutoff * spec.cutoff / (4 * std::numbers::pi)
                      : spec.cutoff * std::cyl_bessel_j(1.0, spec.cutoff * radius) / (2 * std::numbers::pi * radius);
    }
  }
  cv::Mat kernel(spec.size, spec.size, CV_64F);
  for (int row = 0; row < spec.size; ++row) {
    for (int column = 0; column < spec.size; ++column) {
      const int squared = (row - middle) * (row - middle) + (column - middle) * (column - middle);
      kernel.at<double>(row, column) = by_squared_radius[static_cast<std::size_t>(squared)];
    }
  }
  return kernel;
}

}  // namespace

bool is_anisotropic(const std::string& kind) { return kind.ends_with("aniso"); }

bool has_shape(const std::string& kind) { return kind.starts_with("generalized") || kind.starts_with("plateau"); }

cv::Mat make_kernel(const KernelSpec& spec) {
  CV_Assert(spec.size >= 1 && spec.size % 2 == 1);
  cv::Mat kernel;
  if (spec.kind == "sinc") {
    kernel = circular_low_pass(spec);
  } else if (spec.kind.ends_with("iso")) {
    kernel = bivariate(spec);
  } else {
    throw std::logic_error("no blur kernel named " + spec.kind);
  }
  kernel /= cv::sum(kernel)[0];
  return kernel;
}

cv::Mat pad_kernel(const cv::Mat& kernel, int size) {
  CV_Assert(kernel.type() == CV_64F && kernel.rows == kernel.cols && size >= kernel.rows && size % 2 == 1);
  cv::Mat padded = cv::Mat::zeros(size, size, CV_64F);
  const int border = (size - kernel.rows) / 2;
  kernel.copyTo(padded(cv::Rect(border, border, kernel.cols, kernel.rows)));
  return padded;
}

}  // namespace samsr
