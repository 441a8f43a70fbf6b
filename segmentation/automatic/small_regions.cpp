#include "segmentation/automatic/small_regions.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace samsr {
namespace {

/// Sets the connected regions of `value` that are smaller than `min_area` to the other value. `keep_one`: the
/// largest stays, were it too small. Returns whether there were small ones.
bool flip_small(cv::Mat& mask, std::uint8_t value, double min_area, bool keep_one) {
  cv::Mat labels;
  cv::Mat statistics;
  cv::Mat centres;
  const int count = cv::connectedComponentsWithStats(cv::Mat(mask == value), labels, statistics, centres, 8, CV_32S);
  std::vector<bool> small(static_cast<std::size_t>(count), false);
  int largest = 1;
  int small_count = 0;
  for (int label = 1; label < count; ++label) {
    const int area = statistics.at<int>(label, cv::CC_STAT_AREA);
    if (area < min_area) {
      small[static_cast<std::size_t>(label)] = true;
      ++small_count;
    }
    if (area > statistics.at<int>(largest, cv::CC_STAT_AREA)) {
      largest = label;
    }
  }
  if (small_count == 0) {
    return false;
  }
  if (keep_one && small_count == count - 1) {
    small[static_cast<std::size_t>(largest)] = false;
  }
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      if (small[static_cast<std::size_t>(labels.at<int>(y, x))]) {
        mask.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(1 - value);
      }
    }
  }
  return true;
}

}  // namespace

bool clean_small_regions(cv::Mat& mask, double min_area) {
  CV_Assert(mask.type() == CV_8UC1);
  const bool filled = flip_small(mask, 0, min_area, false);
  const bool removed = flip_small(mask, 1, min_area, true);
  return filled || removed;
}

}  // namespace samsr
