#include <nccl.h>
#include <torch/torch.h>

#include <chrono>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "comm/process_group.h"
#include "comm/rendezvous.h"

// The options of ProcessGroupNCCL hold an ncclConfig_t, made here and read by LibTorch: with another version's layout
// one would write where the other does not expect it.
static_assert(
    NCCL_VERSION_CODE / 100 == 228,
    "LibTorch 2.11 uses NCCL 2.28, and this is the header of another version: put the one of the wheel "
    "nvidia-nccl-cu13 2.28 into SAMSR_LIBTORCH/nvidia/nccl/include (launch/setup --cuda fetches it with a GPU)");

namespace samsr {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(Communicator& communicator, c10::Device device) {
  // Whoever waits too long is ended by the program, which knows the rank that is waited for; NCCL would only say that a
  // collective took ten minutes.
  auto patient = c10d::ProcessGroupNCCL::Options::create();
  patient->timeout = std::chrono::hours(24);
  auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(make_rendezvous(communicator), communicator.rank(),
                                                             communicator.size(), patient);
  backend->eagerConnectSingleDevice(device);
  return backend;
}

}  // namespace samsr
