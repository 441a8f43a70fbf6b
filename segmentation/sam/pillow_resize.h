#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// Pillow's Image.resize with BILINEAR, to the byte: a triangle filter widened when shrinking, fixed-point
/// weights, columns before rows with 8 bits between them (Pillow 13 turns the order round for pictures that shrink
/// more in height). Segment Anything's weights and published masks are made with images scaled so. image: CV_8UC3,
/// not empty; size at least 1×1.
cv::Mat pillow_resize(const cv::Mat& image, cv::Size size);

}  // namespace samsr
