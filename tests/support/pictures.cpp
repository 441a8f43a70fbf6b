#include "support/pictures.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/rng.h"

namespace samsr::testing {

cv::Mat textured_picture(int height, int width, std::uint64_t seed) {
  Rng rng(seed, "picture");
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = (x / 17 + y / 23) % 2 == 0;
      for (int c = 0; c < 3; ++c) {
        const double value =
            128 + 60 * std::sin(0.05 * x + c) * std::cos(0.04 * y) + (inside ? 40 : -40) + 4 * rng.normal();
        picture.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<uchar>(value);
      }
    }
  }
  return picture;
}

cv::Mat smooth_picture(int height, int width, unsigned seed) {
  cv::RNG random(seed + 1);
  cv::Mat coarse((height + 5) / 6, (width + 5) / 6, CV_8UC3);
  random.fill(coarse, cv::RNG::UNIFORM, 0, 256);
  cv::Mat image;
  cv::resize(coarse, image, cv::Size(width, height), 0, 0, cv::INTER_CUBIC);
  return image;
}

torch::Tensor tensor_of(const cv::Mat& image) {
  const cv::Mat whole = image.isContinuous() ? image : image.clone();
  return torch::from_blob(whole.data, {whole.rows, whole.cols, 3}, torch::kFloat32)
      .permute({2, 0, 1})
      .unsqueeze(0)
      .clone();
}

cv::Mat picture_of(const torch::Tensor& bytes) {
  const torch::Tensor whole = bytes.to(torch::kUInt8).contiguous();
  return cv::Mat(static_cast<int>(whole.size(0)), static_cast<int>(whole.size(1)), CV_8UC3, whole.data_ptr()).clone();
}

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() && a.type() == b.type() ? cv::norm(a, b, cv::NORM_INF) : 1e9;
}

}  // namespace samsr::testing
