#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace samsr {

/// Standard normal noise (B, shape…), float32 on `device`. Row b depends only on (seed, positions[b]), so a global
/// batch sees the same noise however it is cut over ranks and microbatches.
at::Tensor noise_at(std::uint64_t seed, const std::vector<std::uint64_t>& positions, at::IntArrayRef shape,
                    const at::Device& device);

/// Numbers uniform in [0,1), by the same rule.
at::Tensor uniform_at(std::uint64_t seed, const std::vector<std::uint64_t>& positions, at::IntArrayRef shape,
                      const at::Device& device);

/// Uniform step indices (B) int64 in [0, steps), by the same rule.
at::Tensor steps_at(std::uint64_t seed, std::string_view purpose, const std::vector<std::uint64_t>& positions,
                    std::int64_t steps, at::Device device);

}  // namespace samsr
