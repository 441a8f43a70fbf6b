#pragma once
// How far a mean over images can be trusted.

#include <optional>
#include <vector>

namespace samsr {

/// Ends of an interval, inclusive.
struct Interval {
  double low;
  double high;
};

/// The 95 % percentile bootstrap interval of the mean of `values`: of the means of 2,000 samples drawn from
/// them with replacement, the 2.5th and the 97.5th percentile (Efron & Tibshirani, An Introduction to the
/// Bootstrap, ch. 13). NaNs are left out. None for fewer than two values. The draws are always the same, so that
/// the interval is a pure function of `values`, and columns over the same images see the same samples.
std::optional<Interval> bootstrap_interval(const std::vector<double>& values);

}  // namespace samsr
