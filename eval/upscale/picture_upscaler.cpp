#include "eval/upscale/picture_upscaler.h"

#include <ATen/ATen.h>

#include <cmath>

#include "core/error.h"

namespace samsr {

cv::Mat PictureUpscaler::upscale(const cv::Mat& rgb, int depth) const {
  const int factor = static_cast<int>(scale());
  cv::Mat result(rgb.rows * factor, rgb.cols * factor, CV_MAKETYPE(depth, 3));
  int row = 0;
  const auto take = [&](const cv::Mat& rows) {
    rows.copyTo(result.rowRange(row, row + rows.rows));
    row += rows.rows;
  };
  upscale(rgb, depth, take, {});
  return result;
}

void check_answer(const at::Tensor& answer, const std::string& name) {
  if (!std::isfinite(answer.sum().item<float>())) {
    throw UserError(
        "the network's answer is not finite (NaN or infinite), so there is no picture: the weights of {} are damaged "
        "or "
        "do not fit their settings; samsr weights inspect shows them",
        name);
  }
}

double largest_level(int depth) { return depth == CV_16U ? 65535 : 255; }

at::Tensor levels_of(const cv::Mat& rgb) {
  cv::Mat numbers;
  rgb.convertTo(numbers, CV_32F);
  return at::from_blob(numbers.data, {1, rgb.rows, rgb.cols, 3}, at::kFloat).permute({0, 3, 1, 2}).clone();
}

cv::Mat picture_from_levels(const at::Tensor& levels, int depth) {
  const at::Tensor numbers = levels[0].permute({1, 2, 0}).contiguous();
  cv::Mat rgb;
  cv::Mat(static_cast<int>(numbers.size(0)), static_cast<int>(numbers.size(1)), CV_32FC3, numbers.data_ptr<float>())
      .convertTo(rgb, depth);
  return rgb;
}

}  // namespace samsr
