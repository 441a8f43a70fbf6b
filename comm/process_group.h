#pragma once
// c10d process groups: what c10d::Reducer exchanges gradients over. Backends are files.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <string>

#include "comm/communicator.h"

namespace c10d {
class Backend;
class ProcessGroup;
}  // namespace c10d

namespace samsr {

/// When the last collective that a process group began was begun, and when the last of them ended. To be read once
/// they have been waited for.
struct CollectiveTimes {
  std::chrono::steady_clock::time_point begun;
  std::chrono::steady_clock::time_point ended;
};

/// What moves gradients between ranks.
enum class ExchangeOver { kNccl, kHost };

/// `setting`, a value of train.exchange, for tensors on `device`: auto is NCCL between GPUs, and MPI for the CPU.
/// UserError for NCCL on the CPU.
ExchangeOver exchange_over(const std::string& setting, c10::Device device);

/// The exchange of tensors on `device` through the host's memory, over MPI.
struct HostExchange {
  c10::Device device;
  bool staged = false;  ///< through a copy on the CPU too, as on a GPU; for tests
};

/// The process group for tensors on `device`. Collective. The group must be destroyed before `communicator` and
/// `times`, which NCCL leaves as they are: its collectives begin and end on the GPU.
c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(Communicator& communicator, ExchangeOver over,
                                                          const HostExchange& exchange, CollectiveTimes& times);

/// Backend over MPI_Iallreduce, MPI_Ibcast, MPI_Iallgather and MPI_Ibarrier for dense tensors. Those on a GPU, which
/// ranks may share, are copied to the host's page-locked memory and back on a stream of their own, while the GPU
/// computes. Needs MPI initialised with MPI_THREAD_MULTIPLE.
c10::intrusive_ptr<c10d::Backend> make_host_backend(int rank, int size, const HostExchange& exchange,
                                                    CollectiveTimes& times);

/// Backend over NCCL; rank 0's host serves the rendezvous. UserError in a build without CUDA.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(Communicator& communicator, c10::Device device);

}  // namespace samsr
