#pragma once
// Pictures for the tests of the degradation, and the way to compare them with tensors.

#include <torch/torch.h>

#include <cmath>
#include <opencv2/core.hpp>

#include "core/rng.h"

namespace samsr::testing {

/// Smooth colours with edges and some grain, CV_8UC3.
inline cv::Mat make_picture(int rows, int cols, std::uint64_t seed = 1) {
  Rng rng(seed, "picture");
  cv::Mat picture(rows, cols, CV_8UC3);
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < cols; ++x) {
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

/// CV_32FC3 (H, W) to a tensor (1, 3, H, W) of its own.
inline torch::Tensor to_tensor(const cv::Mat& image) {
  const cv::Mat whole = image.isContinuous() ? image : image.clone();
  return torch::from_blob(whole.data, {whole.rows, whole.cols, 3}, torch::kFloat32)
      .permute({2, 0, 1})
      .unsqueeze(0)
      .clone();
}

/// Tensor (H, W, 3) of bytes to CV_8UC3.
inline cv::Mat to_mat(const torch::Tensor& bytes) {
  const torch::Tensor whole = bytes.to(torch::kUInt8).contiguous();
  return cv::Mat(static_cast<int>(whole.size(0)), static_cast<int>(whole.size(1)), CV_8UC3, whole.data_ptr()).clone();
}

}  // namespace samsr::testing
