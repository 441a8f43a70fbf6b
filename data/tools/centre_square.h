#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// The middle of a photograph, and where it lies in the scaled one.
struct CentreSquare {
  cv::Mat image{};     ///< CV_32FC3 RGB (side, side) in [0, 1]
  cv::Size scaled{};   ///< of the photograph when its shorter side is `side`, pixels
  cv::Point corner{};  ///< of the square in it
};

/// albumentations' SmallestMaxSize(side) and CenterCrop(side, side), as the published test set was cut: the photograph
/// as floats, scaled so that its shorter side is `side` (the longer one rounded, ties to even) by bilinear
/// interpolation between the four nearest pixels at half-pixel centres, without antialiasing, as cv::INTER_LINEAR
/// (smaller photographs are enlarged); then the square in the middle, a half pixel towards the upper left.
/// `photograph`: CV_8UC3 RGB.
CentreSquare centre_square(const cv::Mat& photograph, int side);

}  // namespace samsr
