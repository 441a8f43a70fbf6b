#pragma once
// The two pixel formats of the degradation: bytes at its ends, floats in [0, 1] between. Both are
// interleaved with three channels in RGB order.

#include <opencv2/core.hpp>

namespace samsr {

/// CV_8UC3 in 0 … 255 to CV_32FC3 in [0, 1].
cv::Mat to_unit(const cv::Mat& bytes);

/// CV_32FC3 to CV_8UC3: times 255, rounded (ties to even), clamped.
cv::Mat to_bytes(const cv::Mat& image);

/// Clamps a CV_32FC3 image to [0, 1] in place.
void clamp_to_unit(cv::Mat& image);

}  // namespace samsr
