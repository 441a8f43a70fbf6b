#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "comm/mpi_main.h"
#include "comm/rendezvous.h"
#include "support/user_error.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

TEST(Rendezvous, EveryRankFindsWhatTheOthersPutIntoTheStore) {
  Communicator& comm = world();
  {
    const auto store = make_rendezvous(comm);
    EXPECT_EQ(store->getHost(), "127.0.0.1");
    store->set(std::to_string(comm.rank()), std::vector<std::uint8_t>{static_cast<std::uint8_t>(comm.rank())});
    for (int rank = 0; rank < comm.size(); ++rank) {
      EXPECT_EQ(store->get(std::to_string(rank)), std::vector<std::uint8_t>{static_cast<std::uint8_t>(rank)});
    }
    comm.barrier();  // the store goes with rank 0's end of it
  }
}

TEST(Rendezvous, AStoreThatCannotBeReachedIsNamed) {
  using namespace std::chrono_literals;
  std::uint16_t closed = 0;
  {
    const auto store = open_store({"127.0.0.1", 0}, /*serves=*/true, 1, 5s);
    closed = store->getPort();
  }
  EXPECT_THAT(error_of([&] {
                open_store({"127.0.0.1", closed}, /*serves=*/false, 2, 100ms);
              }),
              HasSubstr(std::to_string(closed) + " cannot be reached"));
}

}  // namespace
}  // namespace samsr::testing
