#include "segmentation/sam/frame.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "segmentation/sam/pillow_resize.h"

namespace samsr {
namespace {

/// Of the channels R, G, B in 0 … 255.
constexpr std::array<double, 3> kMean{123.675, 116.28, 103.53};
constexpr std::array<double, 3> kDeviation{58.395, 57.12, 57.375};

int scaled_side(int side, double scale) { return std::max(1, static_cast<int>(side * scale + 0.5)); }

at::Tensor resized(const at::Tensor& maps, std::int64_t height, std::int64_t width) {
  return at::upsample_bilinear2d(maps, {height, width}, /*align_corners=*/false);
}

}  // namespace

SamFrame::SamFrame(cv::Size size, std::int64_t square_side) : side(square_side), original(size) {
  CV_Assert(size.width > 0 && size.height > 0);
  const double scale = static_cast<double>(side) / std::max(size.width, size.height);
  scaled = cv::Size(scaled_side(size.width, scale), scaled_side(size.height, scale));
}

at::Tensor SamFrame::to_square(const at::Tensor& points) const {
  TORCH_CHECK(points.dim() >= 1 && points.size(-1) == 2, "points: expected (…, 2), got ", points.sizes());
  const std::array<double, 2> factor{static_cast<double>(scaled.width) / original.width,
                                     static_cast<double>(scaled.height) / original.height};
  return (points.to(at::kDouble) * at::tensor(factor, at::TensorOptions(points.device()).dtype(at::kDouble)))
      .to(points.scalar_type());
}

at::Tensor SamFrame::to_picture(const at::Tensor& logits) const {
  TORCH_CHECK(logits.dim() == 4, "logits: expected (B, M, h, w), got ", logits.sizes());
  const at::Tensor square = resized(logits, side, side);
  const at::Tensor part = square.narrow(2, 0, scaled.height).narrow(3, 0, scaled.width);
  return scaled == original ? part : resized(part, original.height, original.width);
}

at::Tensor prepare_for_sam(const cv::Mat& rgb, const SamFrame& frame) {
  CV_Assert(rgb.size() == frame.original);
  return normalised_for_sam(pillow_resize(rgb, frame.scaled), frame, at::kCPU);
}

at::Tensor normalised_for_sam(const cv::Mat& scaled, const SamFrame& frame, c10::Device device) {
  CV_Assert(scaled.type() == CV_8UC3 && scaled.size() == frame.scaled && scaled.isContinuous());
  // Bytes travel, from memory that needs no wait.
  at::Tensor bytes = at::from_blob(scaled.data, {scaled.rows, scaled.cols, 3}, at::kByte);
  if (device.is_cuda()) {
    bytes = bytes.pin_memory();
  }
  const auto there = [&](const at::Tensor& tensor) { return tensor.to(device, /*non_blocking=*/true); };
  const at::Tensor mean = there(at::tensor(kMean, at::kFloat));
  const at::Tensor deviation = there(at::tensor(kDeviation, at::kFloat));
  const at::Tensor image = ((there(bytes).to(at::kFloat) - mean) / deviation).permute({2, 0, 1}).unsqueeze(0);
  return at::constant_pad_nd(image, {0, frame.side - scaled.cols, 0, frame.side - scaled.rows});
}

}  // namespace samsr
