#pragma once

#include <opencv2/core.hpp>

namespace samsr::testing {

/// Largest absolute difference of two pictures; a huge number where size or type differ.
inline double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() ? cv::norm(a, b, cv::NORM_INF) : 1e9;
}

}  // namespace samsr::testing
