#include "diffusion/noise.h"

#include <torch/torch.h>

namespace samsr {

at::Tensor standard_normal(Rng& rng, at::IntArrayRef shape) {
  at::Tensor noise = torch::empty(shape, torch::kFloat32);
  rng.fill_normal({noise.mutable_data_ptr<float>(), static_cast<std::size_t>(noise.numel())});
  return noise;
}

}  // namespace samsr
