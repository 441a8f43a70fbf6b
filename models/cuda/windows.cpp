// Windows of maps on a GPU: tensors to the kernels' pointers.

#include "models/cuda/windows.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>

#include <limits>

#include "models/cuda/tensors.h"
#include "models/unet/windows.h"

namespace samsr::cuda {
namespace {

/// Of maps channels last and what lies in windows; `others` are the latter and, where it is defined, another map.
WindowMaps maps_of(const Windows& how, const at::Tensor& map, const at::Tensor& windows, const at::Tensor& added) {
  const std::int64_t height = map.size(2);
  const std::int64_t width = map.size(3);
  TORCH_CHECK(map.is_cuda() && map.is_contiguous(at::MemoryFormat::ChannelsLast) && map.numel() > 0);
  TORCH_CHECK(map.scalar_type() == at::kFloat || map.scalar_type() == at::kBFloat16);
  TORCH_CHECK(how.window > 0 && height % how.window == 0 && width % how.window == 0 && 0 <= how.shift &&
                  how.shift < how.window && height * width <= std::numeric_limits<std::int32_t>::max(),
              "windows of ", how.window, " shifted by ", how.shift, " in maps ", map.sizes());
  TORCH_CHECK(windows.device() == map.device() && windows.is_contiguous() &&
              windows.scalar_type() == map.scalar_type() && windows.numel() == map.numel() &&
              windows.size(0) == map.size(0) && windows.size(-1) == map.size(1));
  TORCH_CHECK(!added.defined() ||
              (added.device() == map.device() && added.sizes() == map.sizes() &&
               added.scalar_type() == map.scalar_type() && added.is_contiguous(at::MemoryFormat::ChannelsLast)));
  return {map.size(0),
          map.size(1),
          height,
          width,
          how.window,
          how.shift,
          {map.scalar_type() == at::kBFloat16, packable(map.size(1), {map, windows, added})}};
}

}  // namespace

at::Tensor windows_of(const at::Tensor& map, const Windows& how) {
  const c10::cuda::CUDAGuard guard(map.device());
  const std::int64_t area = how.window * how.window;
  const at::Tensor windows = at::empty({map.size(0), map.size(2) * map.size(3) / area, area, map.size(1)},
                                       map.options().memory_format(at::MemoryFormat::Contiguous));
  launch_windows(maps_of(how, map, windows, {}), WindowCopy::kToWindows, map.const_data_ptr(), nullptr,
                 windows.mutable_data_ptr(), stream_of(map));
  return windows;
}

at::Tensor map_of_windows(const at::Tensor& windows, const Windows& how, std::int64_t height, std::int64_t width,
                          const at::Tensor& map) {
  const c10::cuda::CUDAGuard guard(windows.device());
  const at::Tensor result = at::empty({windows.size(0), windows.size(3), height, width},
                                      windows.options().memory_format(at::MemoryFormat::ChannelsLast));
  launch_windows(maps_of(how, result, windows, map), map.defined() ? WindowCopy::kAddToMap : WindowCopy::kToMap,
                 windows.const_data_ptr(), map.defined() ? map.const_data_ptr() : nullptr, result.mutable_data_ptr(),
                 stream_of(windows));
  return result;
}

}  // namespace samsr::cuda
