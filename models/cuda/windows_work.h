#pragma once
// Maps to windows and back on a GPU, as work in phases (phases.h).

#include <cstdint>

#include "models/cuda/map_grid.h"
#include "models/cuda/phases.h"
#include "models/layers/element_math.h"

namespace samsr::cuda {

/// How the positions of a map lie in its shifted windows.
struct WindowOrder {
  std::uint32_t height, width;  ///< multiples of the window; their product is less than 2³¹
  std::uint32_t window, shift;  ///< shift: less than height and width

  /// Where in the map, row by row, that position lies which is the `number`th of the windows: windows row by row, the
  /// positions of each row by row, the map rolled up and left by the shift.
  SAMSR_HOST_DEVICE std::int64_t in_map(std::uint32_t number) const {
    const std::uint32_t across = width / window;
    const std::uint32_t which = number / (window * window);
    const std::uint32_t inside = number - which * window * window;
    const std::uint32_t window_row = which / across;
    const std::uint32_t inside_row = inside / window;
    const std::uint32_t row = window_row * window + inside_row + shift;
    const std::uint32_t column = (which - window_row * across) * window + (inside - inside_row * window) + shift;
    return static_cast<std::int64_t>(row < height ? row : row - height) * width +
           (column < width ? column : column - width);
  }
};

enum class WindowCopy { kToWindows, kToMap, kAddToMap };

/// kToWindows: a map's positions in the order of windows. kToMap: the way back; kAddToMap adds another map to it.
template <class T, int kWidth, WindowCopy kCopy>
struct CopyWindows {
  static constexpr int kThreads = MapGrid::kThreads;
  using Shared = NothingShared;

  MapGrid grid;  ///< its positions are those of the windows
  WindowOrder order;
  const T* from;
  const T* added;  ///< of kAddToMap
  T* to;

  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const MapPlace place(grid, block, thread, kWidth);
    if (!place.inside) {
      return;
    }
    const std::int64_t base = place.sample * grid.positions * grid.channels + place.channel;
    for (std::int64_t position = place.first; position < place.last; position += kAtOnce * grid.rows) {
      Packed<T, kWidth> loaded[kAtOnce] = {};
      Packed<T, kWidth> others[kAtOnce] = {};
      std::int64_t target[kAtOnce] = {};
      SAMSR_UNROLLED
      for (int i = 0; i < kAtOnce; ++i) {
        const std::int64_t number = position + i * grid.rows;
        if (number < place.last) {
          const std::int64_t in_windows = base + number * grid.channels;
          const std::int64_t in_map = base + order.in_map(static_cast<std::uint32_t>(number)) * grid.channels;
          loaded[i] = Packed<T, kWidth>::at(from + (kCopy == WindowCopy::kToWindows ? in_map : in_windows));
          target[i] = kCopy == WindowCopy::kToWindows ? in_windows : in_map;
          if constexpr (kCopy == WindowCopy::kAddToMap) {
            others[i] = Packed<T, kWidth>::at(added + in_map);
          }
        }
      }
      SAMSR_UNROLLED
      for (int i = 0; i < kAtOnce; ++i) {
        if (position + i * grid.rows < place.last) {
          put(loaded[i], others[i], to + target[i]);
        }
      }
    }
  }

 private:
  /// Positions whose loads are under way together.
  static constexpr int kAtOnce = 4;

  SAMSR_HOST_DEVICE static void put(const Packed<T, kWidth>& loaded, const Packed<T, kWidth>& other, T* to) {
    if constexpr (kCopy == WindowCopy::kAddToMap) {
      float values[kWidth];
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        values[k] = other[k] + loaded[k];
      }
      Packed<T, kWidth>::put(to, values);
    } else {
      loaded.copy_to(to);
    }
  }
};

}  // namespace samsr::cuda
