#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// Standard normal noise over an unbounded plane of latents, a pure function of (seed, layer, channel, row,
/// column): a tile gets the same numbers as the whole picture does there, without the whole ever being held.
class NoiseField {
 public:
  NoiseField(std::uint64_t seed, std::int64_t channels) : seed_(seed), channels_(channels) {}

  /// The piece of `layer` (the step of a sampler) at (top, left) >= 0: (1,C,height,width) float32 on the CPU.
  at::Tensor piece(std::uint64_t layer, std::int64_t top, std::int64_t left, std::int64_t height,
                   std::int64_t width) const;

 private:
  const std::uint64_t seed_;
  const std::int64_t channels_;
};

}  // namespace samsr
