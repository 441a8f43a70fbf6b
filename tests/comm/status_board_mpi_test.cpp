#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "comm/mpi_main.h"
#include "comm/status_board.h"

namespace samsr::testing {
namespace {

TEST(StatusBoard, RankZeroHearsOfAllAndAllOfRankZero) {
  Communicator& comm = world();
  const auto board = comm.make_status_board();
  const auto heard_enough = [&] {
    for (int rank = 0; rank < comm.size(); ++rank) {
      const bool concerned = comm.rank() == 0 || rank == 0 || rank == comm.rank();
      const auto& heard = board->heard()[static_cast<std::size_t>(rank)];
      if (concerned && (heard.messages < 3 || heard.standing.step != 100 + rank)) {
        return false;
      }
    }
    return true;
  };
  for (std::int64_t moves = 0; !heard_enough(); ++moves) {
    board->exchange({100 + comm.rank(), 2, moves});
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (const auto& heard : board->heard()) {
    EXPECT_TRUE(heard.messages == 0 || heard.standing.phase == 2);
  }
}

TEST(StatusBoard, ARankThatDoesNotListenHoldsNobodyUp) {
  Communicator& comm = world();
  const auto board = comm.make_status_board();
  if (comm.rank() == 0) {  // the others send into the void, and leave when rank 0 does
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  } else {
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t moves = 0; moves < 10'000; ++moves) {
      board->exchange({1, 1, moves});
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  }
}

}  // namespace
}  // namespace samsr::testing
