#include "eval/upscale/bicubic.h"

#include <ATen/ATen.h>

#include "models/first_stage/first_stage.h"

namespace samsr {

at::Tensor upscale_bicubic(const at::Tensor& images, std::int64_t scale) {
  TORCH_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte, "images are ", images.sizes(), " ",
              images.scalar_type(), ", expected (B,C,H,W) uint8");
  return enlarge_bicubic(images.to(at::kFloat), scale).round().clamp(0, 255).to(at::kByte);
}

}  // namespace samsr
