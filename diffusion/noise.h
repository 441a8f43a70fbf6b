#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/rng.h"

namespace samsr {

/// Standard normal numbers of the stream, float32 on the CPU: the same on every machine for the same stream.
at::Tensor standard_normal(Rng& rng, at::IntArrayRef shape);

/// Seed of the noise of a diffusion at a place: the position in training, or the sample.
std::uint64_t noise_seed(std::uint64_t seed, std::uint64_t place);

/// Standard normal noise (B, shape…), float32 on `device`; row b is the stream Rng(seeds[b]). Drawn on the CPU for
/// every device, so that a GPU sees the same noise.
at::Tensor noise_of(const std::vector<std::uint64_t>& seeds, at::IntArrayRef shape, const at::Device& device);

}  // namespace samsr
