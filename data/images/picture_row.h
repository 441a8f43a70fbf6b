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

/// White beside each picture of a row, in pixels.
inline constexpr int kRowGap = 8;

/// Pixels that a label is wide.
int label_width(const std::string& label);

/// Pictures of one size side by side on white, each below its label, which is cut at the picture's width: CV_8UC3 RGB.
cv::Mat draw_row(const std::vector<Picture>& pictures);

}  // namespace samsr
