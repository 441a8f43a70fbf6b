#include "train/recipes/noise.h"

#include <torch/torch.h>

#include "core/rng.h"
#include "diffusion/noise.h"

namespace samsr {

at::Tensor noise_at(std::uint64_t seed, const std::vector<std::uint64_t>& positions, at::IntArrayRef shape,
                    const at::Device& device) {
  std::vector<std::uint64_t> seeds;
  for (const std::uint64_t position : positions) {
    seeds.push_back(noise_seed(seed, position));
  }
  return noise_of(seeds, shape, device);
}

at::Tensor steps_at(std::uint64_t seed, std::string_view purpose, const std::vector<std::uint64_t>& positions,
                    std::int64_t steps, at::Device device) {
  // Page-locked for a GPU, so that the host goes on while the copy waits for its turn.
  const at::Tensor indices = at::empty({static_cast<std::int64_t>(positions.size())},
                                       at::TensorOptions(at::kLong).pinned_memory(device.is_cuda()));
  auto* index = indices.mutable_data_ptr<std::int64_t>();
  for (const std::uint64_t position : positions) {
    *index++ = static_cast<std::int64_t>(Rng(seed, purpose, {position}).below(static_cast<std::uint64_t>(steps)));
  }
  return indices.to(device, /*non_blocking=*/true);
}

}  // namespace samsr
