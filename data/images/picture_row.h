#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace samsr {

/// A picture and what stands above it.
struct Picture {
  std::string label;
  cv::Mat rgb;  ///< CV_8UC3
};

/// Pictures of one size side by side on white, each below its label, which is cut at the picture's width: CV_8UC3 RGB.
cv::Mat draw_row(const std::vector<Picture>& pictures);

}  // namespace samsr
