#include "data/images/picture_row.h"

#include <opencv2/imgproc.hpp>

namespace samsr {
namespace {

constexpr int kRowLabelHeight = 20;
constexpr int kRowFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kRowFontScale = 0.4;

}  // namespace

int label_width(const std::string& label) {
  constexpr int kSoftEdge = 3;  // of smoothed letters, beyond the size that OpenCV tells
  int below = 0;
  return cv::getTextSize(label, kRowFont, kRowFontScale, 1, &below).width + kSoftEdge;
}

cv::Mat draw_row(const std::vector<Picture>& pictures) {
  const cv::Size size = pictures.front().rgb.size();
  const int columns = static_cast<int>(pictures.size());
  cv::Mat row(size.height + kRowLabelHeight + kRowGap, columns * (size.width + kRowGap) + kRowGap, CV_8UC3,
              cv::Scalar::all(255));
  int x = kRowGap;
  for (const Picture& picture : pictures) {
    const cv::Rect cell(x, 0, size.width, row.rows);
    cv::putText(row(cell), picture.label, cv::Point(0, kRowLabelHeight - 6), kRowFont, kRowFontScale,
                cv::Scalar::all(0), 1, cv::LINE_AA);
    picture.rgb.copyTo(row(cv::Rect(x, kRowLabelHeight, size.width, size.height)));
    x += size.width + kRowGap;
  }
  return row;
}

}  // namespace samsr
