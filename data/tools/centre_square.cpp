#include "data/tools/centre_square.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "degradation/convert.h"

namespace samsr {

CentreSquare centre_square(const cv::Mat& photograph, int side) {
  CV_Assert(photograph.type() == CV_8UC3 && !photograph.empty() && side > 0);
  const double factor = static_cast<double>(side) / std::min(photograph.rows, photograph.cols);
  CentreSquare square;
  square.scaled = {static_cast<int>(std::nearbyint(photograph.cols * factor)),
                   static_cast<int>(std::nearbyint(photograph.rows * factor))};
  cv::Mat scaled = to_unit(photograph);
  if (square.scaled != photograph.size()) {
    cv::resize(scaled, scaled, square.scaled, 0, 0, cv::INTER_LINEAR);
  }
  square.corner = {(scaled.cols - side) / 2, (scaled.rows - side) / 2};
  square.image = scaled(cv::Rect(square.corner, cv::Size(side, side))).clone();
  return square;
}

}  // namespace samsr
