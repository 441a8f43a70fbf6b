#include "comm/rendezvous.h"

#include <torch/torch.h>

#include <cstdlib>
#include <fstream>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "comm/network_interfaces.h"
#include "core/error.h"
#include "core/host.h"

namespace samsr {
namespace {

/// The address of this host for a store of ranks on this host alone, or on others too.
std::string store_address(bool one_host) {
  if (one_host) {
    return "127.0.0.1";
  }
  const char* wanted = std::getenv("NCCL_SOCKET_IFNAME");
  std::ifstream routes("/proc/net/route");
  const auto address =
      address_for_others(network_interfaces(), default_route_interface(routes), wanted == nullptr ? "" : wanted);
  return address ? *address : resolved_address(host_name());
}

}  // namespace

c10::intrusive_ptr<c10d::TCPStore> open_store(const StorePlace& place, bool serves, int ranks,
                                              std::chrono::milliseconds timeout) try {
  c10d::TCPStoreOptions options;
  options.port = place.port;
  options.isServer = serves;
  options.waitWorkers = false;
  options.numWorkers = static_cast<std::size_t>(ranks);
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(place.address, options);
} catch (const c10::Error& error) {
  const std::string what = error.what_without_backtrace();
  throw UserError(
      "the rendezvous of the ranks at {} port {} cannot be reached ({}); NCCL_SOCKET_IFNAME names the interface of a "
      "network that all hosts share",
      place.address, place.port, what.substr(0, what.find('\n')));
}

c10::intrusive_ptr<c10d::TCPStore> make_rendezvous(Communicator& communicator) {
  const bool serves = communicator.rank() == 0;
  StorePlace place;
  c10::intrusive_ptr<c10d::TCPStore> store;
  if (serves) {
    place.address = store_address(communicator.local_size() == communicator.size());
    store = open_store(place, serves, communicator.size());
    place.port = store->getPort();
  }
  place.address = communicator.gather(place.address).front();
  communicator.broadcast(&place.port, sizeof place.port, 0);
  return serves ? store : open_store(place, serves, communicator.size());
}

}  // namespace samsr
