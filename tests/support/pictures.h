#pragma once
// Pictures made for tests, and the ways to compare them. Heights come before widths, as in tensors.

#include <torch/torch.h>

#include <cstdint>
#include <opencv2/core.hpp>

namespace samsr::testing {

/// Smooth colours with edges and some grain, CV_8UC3.
cv::Mat textured_picture(int height, int width, std::uint64_t seed = 1);

/// Smooth random colours, CV_8UC3.
cv::Mat smooth_picture(int height, int width, unsigned seed);

/// CV_32FC3 (H, W) to float32 (1, 3, H, W), a copy.
torch::Tensor tensor_of(const cv::Mat& image);

/// Bytes (H, W, 3), as the golden files store pictures, to CV_8UC3, a copy.
cv::Mat picture_of(const torch::Tensor& bytes);

/// Largest absolute difference of two pictures; a huge number where size or type differ.
double largest_difference(const cv::Mat& a, const cv::Mat& b);

}  // namespace samsr::testing
