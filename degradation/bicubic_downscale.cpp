#include "degradation/bicubic_downscale.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace samsr {
namespace {

/// Cubic convolution kernel with a = -0.5 (Keys 1981).
double cubic(double x) {
  x = std::abs(x);
  if (x <= 1) {
    return (1.5 * x - 2.5) * x * x + 1;
  }
  return x <= 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

}  // namespace

cv::Mat shrink_bicubic(const cv::Mat& image, int factor) {
  CV_Assert(image.type() == CV_32FC3 && factor >= 1 && image.rows % factor == 0 && image.cols % factor == 0);
  // Output i lies in the middle of inputs factor·i … factor·i + factor - 1.
  const int before = 3 * factor / 2;
  cv::Mat taps(4 * factor, 1, CV_32F);
  for (int k = 0; k < taps.rows; ++k) {
    taps.at<float>(k) = static_cast<float>(cubic((k - before - (factor - 1) / 2.0) / factor));
  }
  taps /= cv::sum(taps)[0];
  cv::Mat smooth;
  cv::sepFilter2D(image, smooth, CV_32F, taps, taps, {before, before}, 0, cv::BORDER_REFLECT);
  cv::Mat out(image.rows / factor, image.cols / factor, CV_32FC3);
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      out.at<cv::Vec3f>(y, x) = smooth.at<cv::Vec3f>(y * factor, x * factor);
    }
  }
  return out;
}

}  // namespace samsr
