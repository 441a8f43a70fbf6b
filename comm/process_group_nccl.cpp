#include <torch/torch.h>

#include <chrono>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "comm/process_group.h"
#include "core/host.h"

namespace samsr {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(Communicator& communicator, c10::Device device) {
  // Rank 0 serves the store on a free port and tells the others over MPI where it is.
  c10d::TCPStoreOptions options;
  options.port = 0;
  options.isServer = communicator.rank() == 0;
  options.waitWorkers = false;
  options.numWorkers = static_cast<std::size_t>(communicator.size());
  const std::string host = communicator.gather(host_name()).front();
  c10::intrusive_ptr<c10d::TCPStore> store;
  if (communicator.rank() == 0) {
    store = c10::make_intrusive<c10d::TCPStore>(host, options);
    options.port = store->getPort();
  }
  communicator.broadcast(&options.port, sizeof options.port, 0);
  if (communicator.rank() != 0) {
    store = c10::make_intrusive<c10d::TCPStore>(host, options);
  }
  // Whoever waits too long is ended by the program, which knows the rank that is waited for; NCCL would only say that a
  // collective took ten minutes.
  auto patient = c10d::ProcessGroupNCCL::Options::create();
  patient->timeout = std::chrono::hours(24);
  auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, communicator.rank(), communicator.size(), patient);
  backend->eagerConnectSingleDevice(device);
  return backend;
}

}  // namespace samsr
