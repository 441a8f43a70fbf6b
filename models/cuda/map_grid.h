#pragma once
// How the maps of a batch, channels last, are laid over blocks of threads.

#include <cstdint>

#include "models/cuda/packed.h"
#include "models/layers/element_math.h"

namespace samsr::cuda {

/// A block takes a chunk of a sample's positions and a tile of its channels; of its threads, those of a column take the
/// same channels, those of a row the same position. All follows from one sample's size, so that sums over a sample, and
/// with them its bytes, depend neither on its batch nor on the GPU.
struct MapGrid {
  static constexpr int kThreads = 256;  ///< of a block, at most
  static constexpr int kColumns = 32;   ///< at most
  static constexpr int kTurns = 16;     ///< at most
  /// About as many threads take a sample, so that a batch of eight fills a GPU.
  static constexpr std::int64_t kThreadsOfSample = 8192;

  /// `width` channels to a thread.
  MapGrid(std::int64_t batch_, std::int64_t positions_, std::int64_t channels_, int width)
      : batch(batch_), positions(positions_), channels(static_cast<int>(channels_)) {
    const int across = (channels + width - 1) / width;
    tiles = (across + kColumns - 1) / kColumns;
    columns = (across + tiles - 1) / tiles;
    rows = static_cast<int>(least(kThreads / columns, positions));
    const std::int64_t share = positions * across / kThreadsOfSample;
    turns = share < 1 ? 1 : static_cast<int>(least(share, kTurns));
    chunks = (positions + rows * turns - 1) / (rows * turns);
  }

  SAMSR_HOST_DEVICE int threads() const { return columns * rows; }
  std::int64_t blocks() const { return batch * chunks * tiles; }

  std::int64_t batch, positions;
  int channels;
  int columns, rows;
  int tiles;            ///< across all channels
  int turns;            ///< positions that a thread takes, `rows` apart
  std::int64_t chunks;  ///< of a sample

 private:
  static std::int64_t least(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
};

/// What a thread of a block takes.
struct MapPlace {
  SAMSR_HOST_DEVICE MapPlace(const MapGrid& grid, std::int64_t block, int thread, int width) {
    const auto number = static_cast<std::uint32_t>(block);  // blocks of a launch are fewer than 2³¹
    const auto tiles = static_cast<std::uint32_t>(grid.tiles);
    const auto chunks = static_cast<std::uint32_t>(grid.chunks);
    tile = static_cast<int>(number % tiles);
    chunk = number / tiles;
    sample = static_cast<std::uint32_t>(chunk) / chunks;
    channel = (tile * grid.columns + thread % grid.columns) * width;
    inside = channel < grid.channels;
    const int many = grid.rows * grid.turns;
    const std::int64_t begin = static_cast<std::uint32_t>(chunk) % chunks * static_cast<std::int64_t>(many);
    first = begin + thread / grid.columns;
    last = begin + many < grid.positions ? begin + many : grid.positions;
  }

  int tile;
  std::int64_t chunk;  ///< counted through all samples
  std::int64_t sample;
  int channel;               ///< the first of this thread's
  bool inside;               ///< whether there are such channels
  std::int64_t first, last;  ///< positions first, first + rows … before last
};

/// take(index, packed) for each of a thread's positions, in their order: the index of the thread's first channel there,
/// and what lies from it on in each of the maps. kAtOnce positions are loaded before the first of them is taken, so
/// that more loads are under way.
template <int kWidth, int kAtOnce, class T, int kMaps, class Take>
SAMSR_HOST_DEVICE void for_positions(const MapGrid& grid, const MapPlace& place, const T* const (&maps)[kMaps],
                                     const Take& take) {
  const std::int64_t step = static_cast<std::int64_t>(grid.rows) * grid.channels;
  std::int64_t index = (place.sample * grid.positions + place.first) * grid.channels + place.channel;
  for (std::int64_t position = place.first; position < place.last; position += kAtOnce * grid.rows) {
    Packed<T, kWidth> packed[kAtOnce][kMaps];
    SAMSR_UNROLLED
    for (int i = 0; i < kAtOnce; ++i) {
      if (position + i * grid.rows < place.last) {
        SAMSR_UNROLLED
        for (int map = 0; map < kMaps; ++map) {
          packed[i][map] = Packed<T, kWidth>::at(maps[map] + index + i * step);
        }
      }
    }
    SAMSR_UNROLLED
    for (int i = 0; i < kAtOnce; ++i) {
      if (position + i * grid.rows < place.last) {
        take(index + i * step, packed[i]);
      }
    }
    index += kAtOnce * step;
  }
}

}  // namespace samsr::cuda
