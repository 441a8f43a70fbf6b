#pragma once
// Sums of each channel over the positions of a chunk.

#include "models/cuda/map_grid.h"
#include "models/layers/element_math.h"

namespace samsr::cuda {

/// Sums for each of a thread's channels, and where a block puts them: partials (B·chunks, kSums, C).
template <int kWidth, int kSums>
struct ChannelSums {
  /// A thread's neighbours lie beside it; its channels lie so that a warp's reads of them meet in no bank.
  static constexpr int kStride = MapGrid::kThreads + 4;
  struct Shared {
    float values[kSums * kWidth * kStride];
  };

  float sums[kSums][kWidth] = {};

  SAMSR_HOST_DEVICE void share(int thread, Shared& shared) const {
    SAMSR_UNROLLED
    for (int which = 0; which < kSums; ++which) {
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        shared.values[(which * kWidth + k) * kStride + thread] = sums[which][k];
      }
    }
  }

  /// Sums over the rows of a block.
  SAMSR_HOST_DEVICE static void over_rows(const MapGrid& grid, const MapPlace& place, int thread, const Shared& shared,
                                          float* partials) {
    const int across = grid.columns * kWidth;
    for (int i = thread; i < kSums * across; i += grid.threads()) {
      const int which = i / across;
      const int channel = place.tile * across + i % across;
      if (channel < grid.channels) {
        const int column = i % across / kWidth;
        const float* const values = shared.values + (which * kWidth + i % kWidth) * kStride + column;
        float sum = 0;
        for (int row = 0; row < grid.rows; ++row) {
          sum += values[row * grid.columns];
        }
        partials[(place.chunk * kSums + which) * grid.channels + channel] = sum;
      }
    }
  }
};

}  // namespace samsr::cuda
