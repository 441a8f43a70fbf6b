#pragma once

#include <torch/torch.h>

namespace samsr::testing {

/// Where tests compute whose networks and numbers go by any device: SAMSR_DEVICE in the environment, else the CPU. On a
/// GPU products and convolutions are then of IEEE's float32, which the golden files' tolerances ask for.
c10::Device device();

/// The tensor there.
inline at::Tensor placed(const at::Tensor& tensor) { return tensor.to(device()); }

/// The module, moved there.
template <class Module>
Module placed(Module module) {
  module->to(device());
  return module;
}

}  // namespace samsr::testing
