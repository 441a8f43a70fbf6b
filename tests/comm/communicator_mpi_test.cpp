#include <gtest/gtest.h>

#include "mpi_main.h"

namespace samsr::testing {
namespace {

TEST(MpiCommunicator, SumsAndGathersInTheOrderOfTheRanks) {
  Communicator& comm = world();
  EXPECT_EQ(comm.sum(comm.rank() + 1), comm.size() * (comm.size() + 1) / 2);
  std::vector<double> values{1.0, static_cast<double>(comm.rank())};
  comm.sum(values);
  EXPECT_EQ(values, (std::vector<double>{1.0 * comm.size(), comm.size() * (comm.size() - 1) / 2.0}));
  EXPECT_EQ(comm.max(comm.rank()), comm.size() - 1);
  const std::vector<std::string> texts = comm.gather(std::string(static_cast<std::size_t>(comm.rank()), 'x'));
  ASSERT_EQ(static_cast<int>(texts.size()), comm.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i], std::string(i, 'x'));
  }
}

TEST(MpiCommunicator, BroadcastsFromAnyRank) {
  Communicator& comm = world();
  for (int root = 0; root < comm.size(); ++root) {
    std::string text = comm.rank() == root ? "photograph" : "          ";
    comm.broadcast(text.data(), text.size(), root);
    EXPECT_EQ(text, "photograph");
  }
}

}  // namespace
}  // namespace samsr::testing
