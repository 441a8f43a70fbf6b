#include "eval/metrics/niqe/niqe.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "eval/metrics/niqe/niqe_pristine.h"

namespace samsr {
namespace {

constexpr std::int64_t kBlock = 96;
constexpr int kWindowTaps = 7;
constexpr double kWindowSigma = 7.0 / 6.0;
constexpr std::int64_t kFeatures = 18;  // per scale
constexpr std::int64_t kScales = 2;
constexpr double kSmallestShape = 0.2;
constexpr double kLargestShape = 10.0;
constexpr double kShapeStep = 0.001;
// In flat areas x - mean is the rounding noise of the filter, whose sign means nothing; the smallest
// difference that 8-bit pixels can make is 15 times this.
constexpr double kFlat = 1e-5;

std::vector<double> shape_ratios() {
  const auto count = static_cast<std::size_t>(std::lround((kLargestShape - kSmallestShape) / kShapeStep)) + 1;
  std::vector<double> ratios(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double shape = kSmallestShape + kShapeStep * static_cast<double>(i);
    ratios[i] = std::exp(2 * std::lgamma(2 / shape) - std::lgamma(1 / shape) - std::lgamma(3 / shape));
  }
  return ratios;
}

/// (x - mean) / (deviation + 1) under the Gaussian window (Eq. 1 of the paper).
Plane normalised(const Plane& plane, const std::vector<double>& window) {
  const Plane mean = filter_replicated(plane, window);
  Plane squares = plane;
  for (double& value : squares.values) {
    value *= value;
  }
  squares = filter_replicated(squares, window);
  Plane out(plane.height, plane.width);
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const double deviation = std::sqrt(std::abs(squares.values[i] - mean.values[i] * mean.values[i]));
    const double value = (plane.values[i] - mean.values[i]) / (deviation + 1);
    out.values[i] = std::abs(value) < kFlat ? 0.0 : value;
  }
  return out;
}

/// Asymmetric generalised Gaussian: shape and the two scales (Eq. 7 of the paper).
struct Aggd {
  double alpha;
  double beta_left;
  double beta_right;
};

Aggd fit_aggd(const std::vector<double>& samples, const std::vector<double>& ratios) {
  constexpr std::size_t kLanes = 8;  // independent sums, so that the loop vectorises; blocks are multiples of 8
  std::array<double, kLanes> absolute{};
  std::array<double, kLanes> left{};
  std::array<double, kLanes> right{};
  std::array<double, kLanes> left_count{};
  std::array<double, kLanes> right_count{};
  for (std::size_t i = 0; i < samples.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double value = samples[i + lane];
      const double below = std::min(value, 0.0);
      const double above = std::max(value, 0.0);
      absolute[lane] += above - below;
      left[lane] += below * below;
      right[lane] += above * above;
      left_count[lane] += value < 0 ? 1.0 : 0.0;
      right_count[lane] += value > 0 ? 1.0 : 0.0;
    }
  }
  const auto total = [](const std::array<double, kLanes>& lanes) {
    double sum = 0;
    for (const double lane : lanes) {
      sum += lane;
    }
    return sum;
  };
  const auto count = static_cast<double>(samples.size());
  const double left_deviation = std::sqrt(total(left) / total(left_count));
  const double right_deviation = std::sqrt(total(right) / total(right_count));
  const double mean_absolute = total(absolute) / count;
  const double g = left_deviation / right_deviation;
  const double rho = mean_absolute * mean_absolute / ((total(left) + total(right)) / count);
  const double target = rho * (g * g * g + 1) * (g + 1) / ((g * g + 1) * (g * g + 1));
  // NaN (a block without negative or positive samples) takes the first shape, as argmin does in the
  // published code.
  std::size_t nearest = 0;
  if (!std::isnan(target)) {
    const auto above = std::lower_bound(ratios.begin(), ratios.end(), target);
    nearest = static_cast<std::size_t>(above - ratios.begin());
    if (above == ratios.end() || (above != ratios.begin() && target - above[-1] <= *above - target)) {
      --nearest;
    }
  }
  const double alpha = kSmallestShape + kShapeStep * static_cast<double>(nearest);
  const double scale = std::exp(0.5 * (std::lgamma(1 / alpha) - std::lgamma(3 / alpha)));
  return {alpha, left_deviation * scale, right_deviation * scale};
}

/// 18 features of a block of `side`² coefficients: the fit of the block, and those of its products with
/// its neighbours to the right, below and on both diagonals (wrapping around).
void block_features(const Plane& plane, std::int64_t top, std::int64_t left, std::int64_t side,
                    const std::vector<double>& ratios, double* out) {
  constexpr std::array<std::array<std::int64_t, 2>, 4> kShifts = {{{0, 1}, {1, 0}, {1, 1}, {1, -1}}};
  std::vector<double> block(static_cast<std::size_t>(side * side));
  for (std::int64_t y = 0; y < side; ++y) {
    std::copy_n(plane.row(top + y) + left, side, block.begin() + y * side);
  }
  const Aggd own = fit_aggd(block, ratios);
  *out++ = own.alpha;
  *out++ = (own.beta_left + own.beta_right) / 2;
  std::vector<double> product(block.size());
  for (const auto& [down, across] : kShifts) {
    const std::int64_t first = (side - across) % side;  // column that meets column 0
    for (std::int64_t y = 0; y < side; ++y) {
      const double* row = block.data() + y * side;
      const double* shifted = block.data() + (y + side - down) % side * side;
      double* to = product.data() + y * side;
      for (std::int64_t x = 0; x < side - first; ++x) {
        to[x] = row[x] * shifted[x + first];
      }
      for (std::int64_t x = side - first; x < side; ++x) {
        to[x] = row[x] * shifted[x + first - side];
      }
    }
    const Aggd fit = fit_aggd(product, ratios);
    *out++ = fit.alpha;
    *out++ = (fit.beta_right - fit.beta_left) * std::exp(std::lgamma(2 / fit.alpha) - std::lgamma(1 / fit.alpha));
    *out++ = fit.beta_left;
    *out++ = fit.beta_right;
  }
}

/// Features (blocks, 36): the two scales side by side.
at::Tensor features_of(Plane plane, const std::vector<double>& window, const std::vector<double>& ratios) {
  const std::int64_t down = plane.height / kBlock;
  const std::int64_t across = plane.width / kBlock;
  at::Tensor features = at::empty({down * across, kScales * kFeatures}, at::kDouble);
  auto* out = features.mutable_data_ptr<double>();
  for (std::int64_t scale = 0; scale < kScales; ++scale) {
    const Plane coefficients = normalised(plane, window);
    const std::int64_t side = kBlock >> scale;
    for (std::int64_t block = 0; block < down * across; ++block) {
      block_features(coefficients, block / across * side, block % across * side, side, ratios,
                     out + (block * kScales + scale) * kFeatures);
    }
    if (scale + 1 < kScales) {
      plane = halve_bicubic(plane);
    }
  }
  return features;
}

Plane whole_blocks(const Plane& plane) {
  Plane cut(plane.height / kBlock * kBlock, plane.width / kBlock * kBlock);
  for (std::int64_t y = 0; y < cut.height; ++y) {
    std::copy_n(plane.row(y), cut.width, cut.row(y));
  }
  return cut;
}

template <std::size_t N>
at::Tensor constant(const std::array<double, N>& values, at::IntArrayRef shape) {
  at::Tensor tensor = at::empty(shape, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<double>());
  return tensor;
}

}  // namespace

Niqe::Niqe(const MetricParts& parts)
    : PixelMetric(parts), window_(gaussian_taps(kWindowTaps, kWindowSigma)), shape_ratios_(shape_ratios()) {}

std::string Niqe::conventions() const { return "Y of BT.601 in [0,255], rounded, blocks of 96x96, two scales"; }

std::string Niqe::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  return (height / kBlock) * (width / kBlock) >= 2
             ? std::string()
             : fmt::format("{}x{} holds fewer than two blocks of {}x{}", width, height, kBlock, kBlock);
}

double Niqe::score_one(const at::Tensor& pred, const at::Tensor&) const {
  std::vector<Plane> planes = planes_of(pred, Channels::kLuma);
  round_values(planes.front());
  const at::Tensor features = features_of(whole_blocks(planes.front()), window_, shape_ratios_);
  const at::Tensor textured = features.index({features.isnan().any(1).logical_not()});
  if (textured.size(0) < 2) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const std::int64_t count = kScales * kFeatures;
  const at::Tensor covariance = at::cov(textured.t());
  const at::Tensor inverse = at::linalg_pinv((constant(kNiqePristineCovariance, {count, count}) + covariance) / 2);
  const at::Tensor difference = constant(kNiqePristineMean, {count}) - at::nanmean(features, {0});
  return std::sqrt(difference.dot(inverse.mv(difference)).item<double>());  // Eq. 10 of the paper
}

}  // namespace samsr
