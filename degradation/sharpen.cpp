#include "degradation/sharpen.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "degradation/filter.h"

namespace samsr {

cv::Mat unsharp_mask(const cv::Mat& image, int radius, double weight, double threshold) {
  CV_Assert(image.type() == CV_32FC3 && radius >= 1);
  const int taps = radius % 2 == 0 ? radius + 1 : radius;
  const std::vector<float> gaussian = cv::getGaussianKernel(taps, 0, CV_32F);
  const std::vector<SeparableTerm> blur{{gaussian, gaussian}};
  const cv::Mat blurred = filter_separable(image, blur);
  const int values = image.cols * image.channels();
  cv::Mat mask(image.size(), CV_32FC3);
  for (int y = 0; y < image.rows; ++y) {
    for (int i = 0; i < values; ++i) {
      const float detail = image.ptr<float>(y)[i] - blurred.ptr<float>(y)[i];
      mask.ptr<float>(y)[i] = std::abs(detail) * 255.0F > static_cast<float>(threshold) ? 1.0F : 0.0F;
    }
  }
  const cv::Mat soft = filter_separable(mask, blur);
  cv::Mat result(image.size(), CV_32FC3);
  for (int y = 0; y < image.rows; ++y) {
    for (int i = 0; i < values; ++i) {
      const float value = image.ptr<float>(y)[i];
      const float detail = value - blurred.ptr<float>(y)[i];
      const float sharp = std::clamp(value + static_cast<float>(weight) * detail, 0.0F, 1.0F);
      const float share = soft.ptr<float>(y)[i];
      result.ptr<float>(y)[i] = share * sharp + (1.0F - share) * value;
    }
  }
  return result;
}

}  // namespace samsr
