#include "train/recipes/noise.h"

#include <torch/torch.h>

#include <span>

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

at::Tensor uniform_at(std::uint64_t seed, const std::vector<std::uint64_t>& positions, at::IntArrayRef shape,
                      const at::Device& device) {
  std::vector<at::Tensor> rows;
  for (const std::uint64_t position : positions) {
    Rng rng(seed, "uniform", {position});
    const at::Tensor row = at::empty(shape, at::kFloat);
    for (float& value : std::span(row.mutable_data_ptr<float>(), static_cast<std::size_t>(row.numel()))) {
      // 24 bits: what a float holds of a number below 1.
      value = static_cast<float>(rng.next() >> 40) * 0x1p-24F;
    }
    rows.push_back(row);
  }
  return at::stack(rows).to(device);
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
