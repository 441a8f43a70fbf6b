#include "diffusion/noise.h"

#include <torch/torch.h>

namespace samsr {

at::Tensor standard_normal(Rng& rng, at::IntArrayRef shape) {
  at::Tensor noise = torch::empty(shape, torch::kFloat32);
  rng.fill_normal({noise.mutable_data_ptr<float>(), static_cast<std::size_t>(noise.numel())});
  return noise;
}

std::uint64_t noise_seed(std::uint64_t seed, std::uint64_t place) { return derive_seed(seed, "noise", {place}); }

at::Tensor noise_of(const std::vector<std::uint64_t>& seeds, at::IntArrayRef shape, const at::Device& device) {
  TORCH_CHECK(!seeds.empty(), "noise of no samples");
  std::vector<std::int64_t> extent{static_cast<std::int64_t>(seeds.size())};
  extent.insert(extent.end(), shape.begin(), shape.end());
  at::Tensor noise = torch::empty(extent, at::TensorOptions(at::kFloat).pinned_memory(device.is_cuda()));
  const std::size_t row = static_cast<std::size_t>(noise.numel()) / seeds.size();
  for (std::size_t b = 0; b < seeds.size(); ++b) {
    Rng(seeds[b]).fill_normal({noise.mutable_data_ptr<float>() + b * row, row});
  }
  return noise.to(device, /*non_blocking=*/true);
}

}  // namespace samsr
