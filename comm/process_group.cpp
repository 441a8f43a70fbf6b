#include "comm/process_group.h"

#include <torch/torch.h>

#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

namespace samsr {

c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(Communicator& communicator, c10::Device device,
                                                          CollectiveTimes& times) {
  // Nothing is exchanged through this store: MPI, or NCCL's own store, does the rendezvous.
  auto group = c10::make_intrusive<c10d::ProcessGroup>(c10::make_intrusive<c10d::HashStore>(), communicator.rank(),
                                                       communicator.size());
  if (device.is_cuda()) {
    group->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::NCCL,
                      make_nccl_backend(communicator, device));
    group->setDefaultBackend(c10d::ProcessGroup::BackendType::NCCL);
  } else {
    group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::CUSTOM,
                      make_mpi_backend(communicator.rank(), communicator.size(), times));
    group->setDefaultBackend(c10d::ProcessGroup::BackendType::CUSTOM);
  }
  return group;
}

}  // namespace samsr
