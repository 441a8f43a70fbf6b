#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>

#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"

namespace c10d {
class ProcessGroup;
class Reducer;
}  // namespace c10d

namespace samsr {

struct CollectiveTimes;

/// Whether one rank alone goes through the exchange, which changes nothing but shows that it works.
enum class Alone { kNothing, kExchange };

struct ExchangeOptions {
  std::string over = "auto";  ///< train.exchange
  Alone alone = Alone::kNothing;
  bool staged = false;  ///< HostExchange::staged
};

/// Averages gradients over the ranks while the backward pass still runs (c10d::Reducer: buckets of
/// gradients in the order in which they become ready). A no-op at size 1, unless it is asked for.
class GradientExchange {
 public:
  /// `parameters`: leaves that all receive a gradient in every backward pass, the same on every rank.
  /// Collective: rank 0's values are broadcast to all. Must be destroyed before `communicator`. UserError where
  /// `options` ask for what the parameters' device cannot do.
  GradientExchange(Communicator& communicator, std::vector<at::Tensor> parameters, const ExchangeOptions& options = {});
  /// Collective: NCCL's ranks leave together. When an exception ends this rank, it leaves without the others.
  ~GradientExchange();
  GradientExchange(const GradientExchange&) = delete;
  GradientExchange& operator=(const GradientExchange&) = delete;

  /// The next backward pass averages the gradients accumulated since they were last zeroed. Not called
  /// before the other passes of an accumulation, so that they stay local.
  void prepare_for_backward();

  /// Milliseconds that the backward pass just done waited for the exchange: from when its last gradients were ready
  /// until all ranks' were summed. 0 without an exchange, and with NCCL, where the wait is the device's alone.
  double waited_ms() const;

  /// True where gradients live in the exchange's own memory, so that they must not be freed.
  bool keeps_gradients() const { return reducer_ != nullptr; }

  /// Replaces a dense tensor on the parameters' device by its sum over the ranks. Collective.
  void sum(at::Tensor& values);

 private:
  void leave();

  Communicator& communicator_;
  const int exceptions_;
  std::unique_ptr<CollectiveTimes> times_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

}  // namespace samsr
