#include "data/images/bleed.h"

#include <algorithm>
#include <cstddef>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace samsr {

void bleed_colours(cv::Mat& rgb, const cv::Mat& alpha) {
  CV_Assert(rgb.channels() == 3 && alpha.type() == CV_MAKETYPE(rgb.depth(), 1) && alpha.size() == rgb.size());
  const cv::Mat hidden = alpha == 0;
  const int count = cv::countNonZero(hidden);
  if (count == 0) {
    return;
  }
  if (count == static_cast<int>(hidden.total())) {
    rgb.setTo(cv::Scalar::all(0));
    return;
  }
  cv::Mat distances;
  cv::Mat labels;  // of the nearest pixel that can be seen, numbered from 1 in the order of rows
  cv::distanceTransform(hidden, distances, labels, cv::DIST_L2, cv::DIST_MASK_5, cv::DIST_LABEL_PIXEL);
  std::vector<cv::Point> seen(1);
  for (int y = 0; y < hidden.rows; ++y) {
    for (int x = 0; x < hidden.cols; ++x) {
      if (hidden.at<uchar>(y, x) == 0) {
        seen.emplace_back(x, y);
      }
    }
  }
  const std::size_t size = rgb.elemSize();
  for (int y = 0; y < hidden.rows; ++y) {
    for (int x = 0; x < hidden.cols; ++x) {
      if (hidden.at<uchar>(y, x) != 0) {
        const cv::Point from = seen[static_cast<std::size_t>(labels.at<int>(y, x))];
        std::copy_n(rgb.ptr(from.y) + static_cast<std::size_t>(from.x) * size, size,
                    rgb.ptr(y) + static_cast<std::size_t>(x) * size);
      }
    }
  }
}

}  // namespace samsr
