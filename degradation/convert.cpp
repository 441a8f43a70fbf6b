#include "degradation/convert.h"

#include <algorithm>
#include <cmath>

namespace samsr {

cv::Mat to_unit(const cv::Mat& bytes) {
  CV_Assert(bytes.type() == CV_8UC3);
  cv::Mat image(bytes.size(), CV_32FC3);
  for (int y = 0; y < bytes.rows; ++y) {
    const uchar* from = bytes.ptr<uchar>(y);
    float* to = image.ptr<float>(y);
    for (int i = 0; i < bytes.cols * 3; ++i) {
      to[i] = static_cast<float>(from[i]) / 255.0F;
    }
  }
  return image;
}

cv::Mat to_bytes(const cv::Mat& image) {
  CV_Assert(image.type() == CV_32FC3);
  cv::Mat bytes(image.size(), CV_8UC3);
  for (int y = 0; y < image.rows; ++y) {
    const float* from = image.ptr<float>(y);
    uchar* to = bytes.ptr<uchar>(y);
    for (int i = 0; i < image.cols * 3; ++i) {
      const float rounded = std::rint(from[i] * 255.0F);
      to[i] = static_cast<uchar>(static_cast<int>(std::min(std::max(rounded, 0.0F), 255.0F)));
    }
  }
  return bytes;
}

void clamp_to_unit(cv::Mat& image) {
  CV_Assert(image.type() == CV_32FC3);
  for (int y = 0; y < image.rows; ++y) {
    float* row = image.ptr<float>(y);
    for (int i = 0; i < image.cols * 3; ++i) {
      row[i] = std::min(std::max(row[i], 0.0F), 1.0F);
    }
  }
}

}  // namespace samsr
