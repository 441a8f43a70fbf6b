#pragma once

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace samsr::testing {

/// Smooth random colours, CV_8UC3.
inline cv::Mat synthetic_image(int height, int width, unsigned seed) {
  cv::RNG random(seed + 1);
  cv::Mat coarse((height + 5) / 6, (width + 5) / 6, CV_8UC3);
  random.fill(coarse, cv::RNG::UNIFORM, 0, 256);
  cv::Mat image;
  cv::resize(coarse, image, cv::Size(width, height), 0, 0, cv::INTER_CUBIC);
  return image;
}

}  // namespace samsr::testing
