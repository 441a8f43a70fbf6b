#include "models/unet/step_embedding.h"

#include <torch/torch.h>

#include <cmath>

namespace samsr {

at::Tensor step_embedding(const at::Tensor& steps, std::int64_t width) {
  TORCH_CHECK(steps.dim() == 1, "step_embedding: steps must be (B), got ", steps.sizes());
  const std::int64_t half = width / 2;
  const at::ScalarType type = steps.scalar_type() == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  const auto options = torch::dtype(type).device(steps.device());
  const at::Tensor rates = (torch::arange(half, options) * (-std::log(10000.0)) / static_cast<double>(half)).exp();
  const at::Tensor angles = steps.to(type).unsqueeze(1) * rates.unsqueeze(0);
  const at::Tensor embedding = torch::cat({angles.cos(), angles.sin()}, 1);
  return width % 2 == 0 ? embedding : torch::constant_pad_nd(embedding, {0, 1});
}

}  // namespace samsr
