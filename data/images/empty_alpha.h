#pragma once
// A fourth channel that programs leave at 0: taken for alpha it would hide the whole picture.

#include <opencv2/core.hpp>

namespace samsr {

/// Whether the last channel of `pixels` (CV_8U or CV_16U, two channels or four) is 0 everywhere.
bool alpha_is_empty(const cv::Mat& pixels);

/// A copy without the last channel.
cv::Mat without_alpha(const cv::Mat& pixels);

}  // namespace samsr
