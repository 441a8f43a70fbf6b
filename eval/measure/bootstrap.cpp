#include "eval/measure/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "core/rng.h"

namespace samsr {
namespace {

constexpr std::size_t kSamples = 2000;
constexpr double kTail = 0.025;

/// Quantile of sorted values, interpolated between neighbours.
double quantile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::optional<Interval> bootstrap_interval(const std::vector<double>& values) {
  std::vector<double> known;
  std::copy_if(values.begin(), values.end(), std::back_inserter(known),
               [](double value) { return !std::isnan(value); });
  if (known.size() < 2) {
    return std::nullopt;
  }
  Rng rng(0, "bootstrap");
  std::vector<double> means(kSamples);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < known.size(); ++i) {
      sum += known[rng.below(known.size())];
    }
    mean = sum / static_cast<double>(known.size());
  }
  std::sort(means.begin(), means.end());
  return Interval{quantile(means, kTail), quantile(means, 1 - kTail)};
}

}  // namespace samsr
