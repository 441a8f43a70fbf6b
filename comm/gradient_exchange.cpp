#include "comm/gradient_exchange.h"

#include <torch/torch.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "comm/process_group.h"

namespace samsr {
namespace {
constexpr std::size_t kBroadcastBytes = std::size_t{64} << 20;
}

GradientExchange::GradientExchange(Communicator& communicator, std::vector<at::Tensor> parameters,
                                   const ExchangeOptions& options)
    : communicator_(communicator),
      exceptions_(std::uncaught_exceptions()),
      times_(std::make_unique<CollectiveTimes>()) {
  TORCH_CHECK(!parameters.empty(), "gradient exchange without parameters");
  const c10::Device device = parameters.front().device();
  const ExchangeOver over = exchange_over(options.over, device);
  if (communicator.size() == 1 && options.alone == Alone::kNothing) {
    return;
  }
  group_ = make_process_group(communicator, over, {device, options.staged}, *times_);
  {
    const torch::NoGradGuard no_grad;
    c10d::broadcast_coalesced(group_, parameters, kBroadcastBytes);
  }
  // Gradients become ready from the last layer to the first, so the buckets are filled in that order and stay so: a
  // resumed run then sums in the same order.
  std::reverse(parameters.begin(), parameters.end());
  std::vector<std::int64_t> index(parameters.size());
  std::iota(index.begin(), index.end(), std::int64_t{0});
  const std::vector<std::size_t> caps{c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap};
  const auto buckets = std::get<0>(
      c10d::compute_bucket_assignment_by_size(parameters, caps, std::vector<bool>(parameters.size(), false), index));
  const std::size_t count = parameters.size();
  reducer_ = std::make_unique<c10d::Reducer>(
      std::move(parameters), buckets, group_, std::vector<bool>(count, false), c10d::kDefaultBucketBytesCap,
      /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true,
      std::unordered_map<std::size_t, std::string>{}, c10d::kDefaultFirstBucketBytes,
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<std::int64_t>{});
  // The reducer notes the order of every backward pass, in memory that grows without end, until it has once arranged
  // its buckets by such a note; this one gives it the order that it has.
  reducer_->push_rebuilt_params_for_all_indices();
  reducer_->rebuild_buckets();
}

GradientExchange::~GradientExchange() {
  reducer_.reset();
  if (group_ && group_->getBackendType() == c10d::ProcessGroup::BackendType::NCCL) {
    leave();
  }
}

void GradientExchange::leave() try {
  if (std::uncaught_exceptions() > exceptions_) {
    group_->abort();  // the others may never answer
    return;
  }
  group_->shutdown();
  communicator_.barrier();  // rank 0's store may go when nobody looks at it any more
} catch (const c10::Error& error) {
  TORCH_WARN("the exchange of gradients did not end in order: ", error.what_without_backtrace());
}

double GradientExchange::waited_ms() const {
  return std::chrono::duration<double, std::milli>(times_->ended - times_->begun).count();
}

void GradientExchange::prepare_for_backward() {
  if (reducer_) {
    reducer_->prepare_for_backward({});
  }
}

void GradientExchange::sum(at::Tensor& values) {
  if (group_) {
    std::vector<at::Tensor> tensors{values};
    group_->allreduce(tensors)->wait();
  }
}

}  // namespace samsr
