#pragma once
// Resizing by torch.nn.functional.interpolate's conventions (align_corners=False, antialias=False), which
// are not OpenCV's: area is the adaptive average also when enlarging, bicubic has a = -0.75 and half-pixel
// centres, and nothing is low-passed before shrinking. Where the size stays the same, the result is the image
// itself, sharing its data (torch's CUDA kernels copy it then).

#include <opencv2/core.hpp>
#include <string>

namespace samsr {

enum class ResizeMode { kArea, kBilinear, kBicubic };

/// "area", "bilinear", "bicubic".
std::string resize_mode_name(ResizeMode mode);

/// interpolate(image, size=…): CV_32FC3 to CV_32FC3 of `size`, which has at least one pixel.
cv::Mat resize_to(const cv::Mat& image, cv::Size size, ResizeMode mode);

/// interpolate(image, scale_factor=factor): sides are rounded down (to no less than 1), and bilinear and
/// bicubic step by exactly 1 / factor whatever the rounding.
cv::Mat resize_by(const cv::Mat& image, double factor, ResizeMode mode);

}  // namespace samsr
