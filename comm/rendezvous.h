#pragma once
// The store over which NCCL's ranks find one another.

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "comm/communicator.h"

namespace c10d {
class TCPStore;
}

namespace samsr {

/// How long a rank tries to reach the store, and waits for what another one is to put there.
inline constexpr std::chrono::seconds kRendezvousTimeout{60};

/// Where a rank finds the store.
struct StorePlace {
  std::string address;     ///< numeric
  std::uint16_t port = 0;  ///< 0: any free one, for the rank that serves it
};

/// One rank's end of the store of `ranks` ranks, which the rank that `serves` it keeps. UserError when it cannot be
/// reached.
c10::intrusive_ptr<c10d::TCPStore> open_store(const StorePlace& place, bool serves, int ranks,
                                              std::chrono::milliseconds timeout = kRendezvousTimeout);

/// A store that rank 0 serves, of which it tells the others over MPI: on 127.0.0.1 where all ranks share a host, else
/// at the address that network_interfaces.h chooses. Collective. UserError where rank 0 has no address for the others.
c10::intrusive_ptr<c10d::TCPStore> make_rendezvous(Communicator& communicator);

}  // namespace samsr
