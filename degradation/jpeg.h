#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// `image` (CV_32FC3 RGB, clamped to [0, 1]) after a JPEG file of this quality (1 … 100, 4:2:0).
/// The published pipeline uses DiffJPEG, an approximation of the codec in tensor operations; this is
/// libjpeg itself, in memory, with the chroma filters that real files have been through.
cv::Mat through_jpeg(const cv::Mat& image, int quality);

}  // namespace samsr
