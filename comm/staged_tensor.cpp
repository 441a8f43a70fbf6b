#include "comm/staged_tensor.h"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/StreamGuard.h>

namespace samsr {

StagedTensor::StagedTensor(at::Tensor tensor, std::optional<c10::Stream> side)
    : tensor_(std::move(tensor)),
      host_(at::empty_like(tensor_, tensor_.options().device(at::kCPU).pinned_memory(side.has_value()))) {
  const at::NoGradGuard no_grad;
  if (!side) {
    host_.copy_(tensor_);
    return;
  }
  c10::Event computed(side->device_type());
  computed.record(at::accelerator::getCurrentStream(side->device_index()));
  computed.block(*side);
  const c10::StreamGuard guard(*side);
  host_.copy_(tensor_, /*non_blocking=*/true);
  copied_.emplace(side->device_type());
  copied_->record(*side);
}

void StagedTensor::copy_back() {
  const at::NoGradGuard no_grad;  // parameters are broadcast too, and the thread that does it knows of no guard
  tensor_.copy_(host_, /*non_blocking=*/true);
}

}  // namespace samsr
