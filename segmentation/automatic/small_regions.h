#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// Fills holes of `mask` (CV_8UC1 of 0 and 1) smaller than `min_area` pixels, then removes islands smaller than
/// that - but the largest where all are - with eight neighbours. Returns whether anything changed.
bool clean_small_regions(cv::Mat& mask, double min_area);

}  // namespace samsr
