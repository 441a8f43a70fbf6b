#include "train/losses/sharpened_truth.h"

#include <ATen/ATen.h>

#include <opencv2/core.hpp>

#include "core/pixels.h"
#include "degradation/convert.h"
#include "degradation/sharpen.h"

namespace samsr {

at::Tensor sharpened_truth(const at::Tensor& hr, const SharpenSettings& settings) {
  const at::Tensor bytes = hr.scalar_type() == at::kByte ? hr : bytes_from_signed(hr);
  const at::Tensor images = bytes.cpu().permute({0, 2, 3, 1}).contiguous();
  const int rows = static_cast<int>(images.size(1));
  const int columns = static_cast<int>(images.size(2));
  at::Tensor sharp = at::empty(images.sizes(), at::kFloat);
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    const cv::Mat image(rows, columns, CV_8UC3, images[i].data_ptr());
    cv::Mat into(rows, columns, CV_32FC3, sharp[i].data_ptr());
    unsharp_mask(to_unit(image), static_cast<int>(settings.radius), settings.weight, settings.threshold).copyTo(into);
  }
  return sharp.permute({0, 3, 1, 2}).contiguous().mul_(2).sub_(1).to(hr.device());
}

}  // namespace samsr
