#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace samsr {

/// Standard normal noise over an unbounded plane of latents, a pure function of (seed, layer, channel, row,
/// column): a tile gets the same numbers as the whole picture does there, without the whole ever being held. For one
/// thread: what was drawn last is kept, 128 MB at most, because neighbours overlap.
class NoiseField {
 public:
  /// Side of the squares that are drawn as a whole: pieces whose sides lie on multiples of it cost least.
  static constexpr std::int64_t kCell = 64;

  NoiseField(std::uint64_t seed, std::int64_t channels);

  /// Bytes of a square.
  static std::int64_t cell_bytes(std::int64_t channels);

  /// The piece of `layer` (the step of a sampler) at (top, left) >= 0: (1,C,height,width) float32 on the CPU.
  at::Tensor piece(std::uint64_t layer, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width);

 private:
  /// Layer, row and column of a square.
  using Place = std::array<std::int64_t, 3>;

  /// (C, kCell, kCell); holds until the next call.
  at::Tensor cell(const Place& place);

  const std::uint64_t seed_;
  const at::Tensor kept_;               ///< (squares, C, kCell, kCell): those drawn last
  std::vector<Place> places_;           ///< of each
  std::map<Place, std::size_t> where_;  ///< in `kept_`
  std::size_t drawn_ = 0;               ///< in all
};

}  // namespace samsr
