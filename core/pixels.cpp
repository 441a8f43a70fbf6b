#include "core/pixels.h"

#include <ATen/ATen.h>

namespace samsr {

at::Tensor signed_from_bytes(const at::Tensor& bytes) {
  TORCH_CHECK(bytes.scalar_type() == at::kByte, "pixels are ", bytes.scalar_type(), ", expected uint8");
  return signed_from_levels(bytes.to(at::kFloat), 255);
}

at::Tensor bytes_from_signed(const at::Tensor& images) {
  TORCH_CHECK(images.is_floating_point(), "pixels are ", images.scalar_type(), ", expected floating-point numbers");
  return levels_from_signed(images.to(at::kFloat), 255).round().clamp(0, 255).to(at::kByte);
}

at::Tensor signed_from_levels(const at::Tensor& levels, double largest) {
  TORCH_CHECK(levels.scalar_type() == at::kFloat, "levels are ", levels.scalar_type(), ", expected float32");
  return levels.div(largest / 2).sub_(1);
}

at::Tensor levels_from_signed(const at::Tensor& images, double largest) {
  TORCH_CHECK(images.scalar_type() == at::kFloat, "pixels are ", images.scalar_type(), ", expected float32");
  return (images + 1).mul_(largest / 2);
}

}  // namespace samsr
