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
  at::Tensor indices = at::empty({static_cast<std::int64_t>(positions.size())}, at::kLong);
  for (std::size_t b = 0; b < positions.size(); ++b) {
    indices[static_cast<std::int64_t>(b)] =
        static_cast<std::int64_t>(Rng(seed, purpose, {positions[b]}).below(static_cast<std::uint64_t>(steps)));
  }
  return indices.to(device);
}

}  // namespace samsr
