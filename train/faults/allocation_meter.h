#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace samsr {

/// Bytes that `forward` allocates for tensors, on any device.
struct AllocatedBytes {
  double held = 0;  ///< still there when it is done: its result and all that the backward pass will read
  double peak = 0;  ///< most at any time
};

/// Runs `forward` once, keeps its result until the count is taken, and lets it go. Counts this thread's allocations.
AllocatedBytes allocated_by(const std::function<at::Tensor()>& forward);

}  // namespace samsr
