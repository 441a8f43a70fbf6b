#pragma once
// c10d process groups: what c10d::Reducer exchanges gradients over. Backends are files.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <chrono>

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

/// The process group for tensors on `device`: NCCL for CUDA, MPI's non-blocking collectives for the CPU.
/// Collective. The group must be destroyed before `communicator` and `times`, which NCCL leaves as they are: its
/// collectives begin and end on the GPU.
c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(Communicator& communicator, c10::Device device,
                                                          CollectiveTimes& times);

/// Backend over MPI_Iallreduce, MPI_Ibcast, MPI_Iallgather and MPI_Ibarrier for dense CPU tensors.
/// Needs MPI initialised with MPI_THREAD_MULTIPLE.
c10::intrusive_ptr<c10d::Backend> make_mpi_backend(int rank, int size, CollectiveTimes& times);

/// Backend over NCCL; rank 0's host serves the rendezvous. UserError in a build without CUDA.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(Communicator& communicator, c10::Device device);

}  // namespace samsr
