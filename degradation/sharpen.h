#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// Unsharp masking as BasicSR's USMSharp: with the blur B of the image I (CV_32FC3, [0, 1]) by a Gaussian
/// of `radius` taps (made odd), K = clamp(I + weight (I - B)) and M the blurred mask |I - B| · 255 >
/// threshold, the result is M K + (1 - M) I.
cv::Mat unsharp_mask(const cv::Mat& image, int radius, double weight, double threshold);

}  // namespace samsr
