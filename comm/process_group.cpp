#include "comm/process_group.h"

#include <torch/torch.h>

#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "core/error.h"

namespace samsr {

ExchangeOver exchange_over(const std::string& setting, c10::Device device) {
  if (setting == "nccl" && device.is_cpu()) {
    throw UserError(
        "train.exchange=nccl, but this run computes on the CPU, and NCCL moves data between GPUs only; set "
        "train.exchange=auto");
  }
  return setting == "host" || device.is_cpu() ? ExchangeOver::kHost : ExchangeOver::kNccl;
}

c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(Communicator& communicator, ExchangeOver over,
                                                          const HostExchange& exchange, CollectiveTimes& times) {
  // Nothing is exchanged through this store: MPI, or NCCL's own store, does the rendezvous.
  auto group = c10::make_intrusive<c10d::ProcessGroup>(c10::make_intrusive<c10d::HashStore>(), communicator.rank(),
                                                       communicator.size());
  const bool nccl = over == ExchangeOver::kNccl;
  const auto type = nccl ? c10d::ProcessGroup::BackendType::NCCL : c10d::ProcessGroup::BackendType::CUSTOM;
  group->setBackend(exchange.device.type(), type,
                    nccl ? make_nccl_backend(communicator, exchange.device)
                         : make_host_backend(communicator.rank(), communicator.size(), exchange, times));
  group->setDefaultBackend(type);
  return group;
}

}  // namespace samsr
