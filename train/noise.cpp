#include "train/noise.h"

#include <torch/torch.h>

#include "core/rng.h"

namespace samsr {

at::Tensor noise_at(std::uint64_t seed, std::string_view purpose, const std::vector<std::uint64_t>& positions,
                    at::IntArrayRef shape, at::Device device) {
  std::vector<std::int64_t> extent{static_cast<std::int64_t>(positions.size())};
  extent.insert(extent.end(), shape.begin(), shape.end());
  // Drawn on the CPU for every device, so that a GPU run sees the same noise as a CPU run.
  at::Tensor noise = at::empty(extent, at::TensorOptions(at::kFloat).pinned_memory(device.is_cuda()));
  const auto row = static_cast<std::size_t>(noise.numel()) / std::max<std::size_t>(positions.size(), 1);
  for (std::size_t b = 0; b < positions.size(); ++b) {
    Rng(seed, purpose, {positions[b]}).fill_normal({noise.mutable_data_ptr<float>() + b * row, row});
  }
  return noise.to(device, /*non_blocking=*/true);
}

at::Tensor steps_at(std::uint64_t seed, std::string_view purpose, const std::vector<std::uint64_t>& positions,
                    std::int64_t steps, at::Device device) {
  at::Tensor indices = at::empty({static_cast<std::int64_t>(positions.size())}, at::kLong);
  for (std::size_t b = 0; b < positions.size(); ++b) {
    indices[static_cast<std::int64_t>(b)] =
        static_cast<std::int64_t>(Rng(seed, purpose, {positions[b]}).below(static_cast<std::uint64_t>(steps)));
  }
  return indices.to(device);
}

}  // namespace samsr
