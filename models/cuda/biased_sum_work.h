#pragma once
// A map, another and a bias in one sum on a GPU, and the bias' gradient, as work in phases (phases.h). Nothing is added
// in an order that could change.

#include <cstdint>

#include "models/cuda/channel_sums.h"
#include "models/cuda/map_grid.h"
#include "models/cuda/map_type.h"
#include "models/cuda/phases.h"

namespace samsr::cuda {

/// y = shortcut + (x + bias).
template <class T, int kWidth>
struct BiasedSum {
  static constexpr int kThreads = MapGrid::kThreads;
  using Shared = NothingShared;

  MapGrid grid;
  const T* shortcut;
  const T* x;
  const float* bias;  ///< (C)
  T* y;

  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const MapPlace place(grid, block, thread, kWidth);
    if (!place.inside) {
      return;
    }
    float add[kWidth];
    SAMSR_UNROLLED
    for (int k = 0; k < kWidth; ++k) {
      add[k] = bias[place.channel + k];
    }
    const auto take = [&](std::int64_t index, const Packed<T, kWidth>(&packed)[2]) {
      float values[kWidth];
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        values[k] = packed[0][k] + (packed[1][k] + add[k]);
      }
      Packed<T, kWidth>::put(y + index, values);
    };
    for_positions<kWidth, 2>(grid, place, {shortcut, x}, take);
  }
};

/// For each channel of a chunk the sum of x.
template <class T, int kWidth>
struct SumChunks {
  static constexpr int kThreads = MapGrid::kThreads;
  using Sums = ChannelSums<kWidth, 1>;
  using Shared = typename Sums::Shared;

  MapGrid grid;
  const T* x;
  float* partials;

  SAMSR_HOST_DEVICE int phases() const { return 2; }
  SAMSR_HOST_DEVICE void operator()(int phase, std::int64_t block, int thread, Shared& shared) const {
    const MapPlace place(grid, block, thread, kWidth);
    if (phase == 1) {
      Sums::over_rows(grid, place, thread, shared, partials);
      return;
    }
    if (!place.inside) {
      return;
    }
    Sums sums;
    for_positions<kWidth, 4>(grid, place, {x}, [&](std::int64_t, const Packed<T, kWidth>(&packed)[1]) {
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        sums.sums[0][k] += packed[0][k];
      }
    });
    sums.share(thread, shared);
  }
};

/// out[c] = Σ over many rows of in[row][c].
struct SumManyRows {
  static constexpr int kColumns = 32;
  static constexpr int kLanes = 16;
  static constexpr int kThreads = kColumns * kLanes;
  struct Shared {
    double values[kThreads];
  };

  std::int64_t rows, channels;
  const float* in;
  float* out;

  std::int64_t blocks() const { return (channels + kColumns - 1) / kColumns; }
  SAMSR_HOST_DEVICE int phases() const { return 2; }
  SAMSR_HOST_DEVICE void operator()(int phase, std::int64_t block, int thread, Shared& shared) const {
    const std::int64_t channel = block * kColumns + thread % kColumns;
    if (channel >= channels) {
      return;
    }
    double sum = 0;
    if (phase == 0) {
      for (std::int64_t row = thread / kColumns; row < rows; row += kLanes) {
        sum += in[row * channels + channel];
      }
      shared.values[thread] = sum;
    } else if (thread < kColumns) {
      for (int lane = 0; lane < kLanes; ++lane) {
        sum += shared.values[lane * kColumns + thread];
      }
      out[channel] = static_cast<float>(sum);
    }
  }
};

// The works one after the other: run(work, blocks, threads) runs each, on a GPU or in a test.

struct SumMaps {
  std::int64_t batch, channels, positions;
  MapType type;
};

inline MapGrid grid_of(const SumMaps& maps) {
  return MapGrid(maps.batch, maps.positions, maps.channels, maps.type.width());
}

template <class Run>
void biased_sum_of(const SumMaps& maps, const void* shortcut, const void* x, const float* bias, void* y,
                   const Run& run) {
  const MapGrid grid = grid_of(maps);
  with_type(maps.type, [&]<class T, int kWidth>() {
    run(BiasedSum<T, kWidth>{grid, static_cast<const T*>(shortcut), static_cast<const T*>(x), bias, static_cast<T*>(y)},
        grid.blocks(), grid.threads());
  });
}

/// Float32 numbers that channel_sums_of() needs for the sums of chunks.
inline std::int64_t partials_of(const SumMaps& maps) {
  const MapGrid grid = grid_of(maps);
  return grid.batch * grid.chunks * grid.channels;
}

/// Sums of each channel over batch and positions: (C).
template <class Run>
void channel_sums_of(const SumMaps& maps, const void* x, float* partials, float* sums, const Run& run) {
  const MapGrid grid = grid_of(maps);
  with_type(maps.type, [&]<class T, int kWidth>() {
    run(SumChunks<T, kWidth>{grid, static_cast<const T*>(x), partials}, grid.blocks(), grid.threads());
  });
  const SumManyRows sum{grid.batch * grid.chunks, maps.channels, partials, sums};
  run(sum, sum.blocks(), SumManyRows::kThreads);
}

}  // namespace samsr::cuda
