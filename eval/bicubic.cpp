#include "eval/bicubic.h"

#include <ATen/ATen.h>

namespace samsr {

at::Tensor upscale_bicubic(const at::Tensor& images, std::int64_t scale) {
  TORCH_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte, "images are ", images.sizes(), " ",
              images.scalar_type(), ", expected (B,C,H,W) uint8");
  return at::upsample_bicubic2d(images.to(at::kFloat), {scale * images.size(2), scale * images.size(3)},
                                /*align_corners=*/false)
      .round_()
      .clamp_(0, 255)
      .to(at::kByte);
}

}  // namespace samsr
