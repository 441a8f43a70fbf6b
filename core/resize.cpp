#include "core/resize.h"

#include <ATen/ATen.h>

namespace samsr {

at::Tensor resize_bicubic(const at::Tensor& image, std::array<std::int64_t, 2> size) {
  if (image.size(2) == size[0] && image.size(3) == size[1]) {
    return image;
  }
  return size[0] < image.size(2) ? at::_upsample_bicubic2d_aa(image, size, /*align_corners=*/false)
                                 : at::upsample_bicubic2d(image, size, /*align_corners=*/false);
}

}  // namespace samsr
