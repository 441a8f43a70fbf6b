#pragma once
// Filtering with a small kernel; borders are reflected without repeating the edge pixel, as torch's
// reflect padding and BasicSR's filter2D have it.

#include <opencv2/core.hpp>
#include <vector>

namespace samsr {

/// A kernel as the sum of outer products column · rowᵀ. Fewer terms than half the size make it cheaper to
/// apply than the kernel itself; a Gaussian along the axes has one.
struct SeparableTerm {
  std::vector<float> column;
  std::vector<float> row;
};

/// Terms whose sum differs from `kernel` (CV_64F, square) by less than 2e-6 in the sum of absolute values;
/// empty when that takes more terms than filtering with them would save.
std::vector<SeparableTerm> separate(const cv::Mat& kernel);

/// Correlates every channel of `image` (CV_32FC3) with `kernel` (CV_64F, square, odd). Exact to 4e-6 times
/// the largest value of the image: outer rings and separable terms below that are left out.
cv::Mat filter_image(const cv::Mat& image, const cv::Mat& kernel);

/// The same with a kernel given as separable terms, all of one odd size.
cv::Mat filter_separable(const cv::Mat& image, const std::vector<SeparableTerm>& terms);

/// The same, tap by tap: what filter_image does with a kernel that has no cheap separation.
cv::Mat filter_direct(const cv::Mat& image, const cv::Mat& kernel);

}  // namespace samsr
