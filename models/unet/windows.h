#pragma once
// Maps cut into windows and put together again: on a GPU by a kernel, one copy where roll, reshape and sum are three.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// Windows of w×w positions of maps that were rolled up and left by `shift`, which is less than w.
struct Windows {
  std::int64_t window;
  std::int64_t shift;
};

/// map (B,C,H,W), H and W multiples of w -> (B, windows, w·w, C), windows and positions in row-major order. With
/// gradient, of the first order.
at::Tensor windows_of(const at::Tensor& map, const Windows& how);

/// map + the map whose windows these are. With gradient, of the first order.
at::Tensor sum_with_windows(const at::Tensor& map, const at::Tensor& windows, const Windows& how);

/// The kernels, on the current stream: float32 or bfloat16, maps channels last, windows contiguous. models/cuda.
namespace cuda {

at::Tensor windows_of(const at::Tensor& map, const Windows& how);
/// Windows (B, windows, w·w, C) -> the map (B,C,height,width), added to `map` if that is defined.
at::Tensor map_of_windows(const at::Tensor& windows, const Windows& how, std::int64_t height, std::int64_t width,
                          const at::Tensor& map);

}  // namespace cuda

}  // namespace samsr
