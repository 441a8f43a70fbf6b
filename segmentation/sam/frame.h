#pragma once
// Between pictures and the square that Segment Anything sees.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <opencv2/core.hpp>

namespace samsr {

/// Where a picture lies in the square: scaled so that its longer side is the square's, at the upper left.
struct SamFrame {
  std::int64_t side = 0;  ///< of the square, pixels
  cv::Size original;
  cv::Size scaled;

  SamFrame() = default;
  SamFrame(cv::Size original, std::int64_t side);

  /// Pairs of x and y (…, 2), pixels of the picture -> pixels of the square, of the same type.
  at::Tensor to_square(const at::Tensor& points) const;

  /// Logits of masks (B, M, h, w) float32, h = w = the decoder's side, resampled to the picture:
  /// (B, M, H, W), bilinear to the square, cut, bilinear to the picture.
  at::Tensor to_picture(const at::Tensor& logits) const;
};

/// rgb: CV_8UC3, any size -> (1, 3, side, side) float32: scaled into the frame, less the mean and over the
/// standard deviation of ImageNet's channels, zeros beyond the picture.
at::Tensor prepare_for_sam(const cv::Mat& rgb, const SamFrame& frame);

/// The second half of it, on any device, which it does not wait for: scaled, CV_8UC3 of the frame's scaled size ->
/// (1, 3, side, side) float32 there.
at::Tensor normalised_for_sam(const cv::Mat& scaled, const SamFrame& frame, c10::Device device);

}  // namespace samsr
