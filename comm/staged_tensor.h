#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <optional>

namespace samsr {

/// A tensor's copy in the host's memory, page-locked for one of a GPU, which MPI exchanges in its place.
class StagedTensor {
 public:
  /// Begins to copy a dense tensor. `side`: the stream of a GPU to copy on, behind what its current stream has been
  /// given; none for a tensor on the CPU.
  StagedTensor(at::Tensor tensor, std::optional<c10::Stream> side);

  /// True once the copy is the tensor's. Does not wait.
  bool ready() const { return !copied_ || copied_->query(); }
  const at::Tensor& host() const { return host_; }
  /// Begins to copy the host's values into the tensor, on the current stream.
  void copy_back();

 private:
  at::Tensor tensor_;
  at::Tensor host_;
  std::optional<c10::Event> copied_;
};

}  // namespace samsr
