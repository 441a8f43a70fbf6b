#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// Gives every pixel of `rgb` (CV_8UC3 or CV_16UC3) whose `alpha` (one channel of the same depth and size) is 0 the
/// colour of its nearest pixel that can be seen, black where there is none: what a program left under transparent
/// places is not shown to a network. Linear in the number of pixels; equal input gives equal output.
void bleed_colours(cv::Mat& rgb, const cv::Mat& alpha);

}  // namespace samsr
