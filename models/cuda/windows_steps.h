#pragma once
// Maps to windows and back: run(work, blocks, threads) runs it, on a GPU or in a test.

#include <cstdint>

#include "models/cuda/map_type.h"
#include "models/cuda/windows_work.h"

namespace samsr::cuda {

struct WindowMaps {
  std::int64_t batch, channels, height, width;
  std::int64_t window, shift;
  MapType type;
};

/// `added` is of use for WindowCopy::kAddToMap alone.
template <class Run>
void copy_windows(const WindowMaps& maps, WindowCopy copy, const void* from, const void* added, void* to,
                  const Run& run) {
  const WindowOrder order{static_cast<std::uint32_t>(maps.height), static_cast<std::uint32_t>(maps.width),
                          static_cast<std::uint32_t>(maps.window), static_cast<std::uint32_t>(maps.shift)};
  with_type(maps.type, [&]<class T, int kWidth>() {
    const MapGrid grid(maps.batch, maps.height * maps.width, maps.channels, kWidth);
    const auto with = [&]<WindowCopy kCopy>() {
      run(CopyWindows<T, kWidth, kCopy>{grid, order, static_cast<const T*>(from), static_cast<const T*>(added),
                                        static_cast<T*>(to)},
          grid.blocks(), grid.threads());
    };
    switch (copy) {
      case WindowCopy::kToWindows:
        return with.template operator()<WindowCopy::kToWindows>();
      case WindowCopy::kToMap:
        return with.template operator()<WindowCopy::kToMap>();
      case WindowCopy::kAddToMap:
        return with.template operator()<WindowCopy::kAddToMap>();
    }
  });
}

}  // namespace samsr::cuda
