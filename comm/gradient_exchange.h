#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>

#include <memory>
#include <vector>

#include "comm/communicator.h"

namespace c10d {
class ProcessGroup;
class Reducer;
}  // namespace c10d

namespace samsr {

/// Averages gradients over the ranks while the backward pass still runs (c10d::Reducer: buckets of
/// gradients in the order in which they become ready). A no-op at size 1.
class GradientExchange {
 public:
  /// `parameters`: leaves that all receive a gradient in every backward pass, the same on every rank.
  /// Collective: rank 0's values are broadcast to all. Must be destroyed before `communicator`.
  GradientExchange(Communicator& communicator, std::vector<at::Tensor> parameters);
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// The next backward pass averages the gradients accumulated since they were last zeroed. Not called
  /// before the other passes of an accumulation, so that they stay local.
  void prepare_for_backward();

 private:
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

}  // namespace samsr
