#pragma once
// c10d process groups: what c10d::Reducer exchanges gradients over. Backends are files.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include "comm/communicator.h"

namespace c10d {
class Backend;
class ProcessGroup;
}  // namespace c10d

namespace samsr {

/// The process group for tensors on `device`: NCCL for CUDA, MPI's non-blocking collectives for the CPU.
/// Collective. The group must be destroyed before `communicator`.
c10::intrusive_ptr<c10d::ProcessGroup> make_process_group(Communicator& communicator, c10::Device device);

/// Backend over MPI_Iallreduce, MPI_Ibcast, MPI_Iallgather and MPI_Ibarrier for dense CPU tensors.
/// Needs MPI initialised with MPI_THREAD_MULTIPLE.
c10::intrusive_ptr<c10d::Backend> make_mpi_backend(int rank, int size);

/// Backend over NCCL; rank 0's host serves the rendezvous. UserError in a build without CUDA.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(Communicator& communicator, c10::Device device);

}  // namespace samsr
