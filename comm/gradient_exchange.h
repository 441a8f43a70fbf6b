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

struct CollectiveTimes;

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

  /// Milliseconds that the backward pass just done waited for the exchange: from when its last gradients were ready
  /// until all ranks' were summed. 0 at size 1, and on GPUs, where the wait is the device's alone.
  double waited_ms() const;

  /// True where gradients live in the exchange's own memory, so that they must not be freed.
  bool keeps_gradients() const { return reducer_ != nullptr; }

  /// Replaces a dense tensor on the parameters' device by its sum over the ranks. Collective.
  void sum(at::Tensor& values);

 private:
  std::unique_ptr<CollectiveTimes> times_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

}  // namespace samsr
