#include "data/build/stages/sample_images.h"

#include "core/error.h"

namespace samsr {

cv::Mat stored_image(const Sample& sample, std::string_view field) {
  const at::Tensor image = sample.field(field);
  TORCH_CHECK(image.defined() && image.dim() == 3 && image.size(2) == 3 && image.scalar_type() == at::kByte &&
                  image.is_contiguous(),
              field, ": expected (H, W, 3) uint8");
  return cv::Mat(static_cast<int>(image.size(0)), static_cast<int>(image.size(1)), CV_8UC3, image.data_ptr());
}

int stored_scale(const Sample& sample) {
  const cv::Size hr = stored_image(sample, "hr").size();
  const cv::Size lr = stored_image(sample, "lr").size();
  const int scale = hr.width / lr.width;
  if (hr != lr * scale) {
    throw UserError("stored pair: hr has {}×{} pixels, which is no multiple of lr's {}×{}", hr.width, hr.height,
                    lr.width, lr.height);
  }
  return scale;
}

}  // namespace samsr
