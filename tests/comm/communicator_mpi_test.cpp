#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>
#include <thread>

#include "comm/mpi_main.h"

namespace samsr::testing {
namespace {

TEST(MpiCommunicator, SumsAndGathersInTheOrderOfTheRanks) {
  Communicator& comm = world();
  EXPECT_EQ(comm.sum(comm.rank() + 1), comm.size() * (comm.size() + 1) / 2);
  std::vector<double> values{1.0, static_cast<double>(comm.rank())};
  comm.sum(values);
  EXPECT_EQ(values, (std::vector<double>{1.0 * comm.size(), comm.size() * (comm.size() - 1) / 2.0}));
  EXPECT_EQ(comm.max(comm.rank()), comm.size() - 1);
  const std::vector<double> numbers = comm.gather(std::vector<double>{1.0 * comm.rank(), 0.5});
  ASSERT_EQ(numbers.size(), 2 * static_cast<std::size_t>(comm.size()));
  EXPECT_EQ(numbers[numbers.size() - 2], comm.size() - 1);
  EXPECT_EQ(numbers.back(), 0.5);
  EXPECT_EQ(comm.gather_on_host(std::to_string(comm.local_rank())).size(), static_cast<std::size_t>(comm.local_size()));
  EXPECT_EQ(comm.gather_on_host(std::to_string(comm.local_rank())).back(), std::to_string(comm.local_size() - 1));
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

TEST(MpiCommunicator, DealsEveryItemOnceAndMoreToTheFaster) {
  using namespace std::chrono_literals;
  Communicator& comm = world();
  constexpr std::uint64_t kItems = 24;
  for (int slow = 0; slow < comm.size(); ++slow) {  // rank 0, which keeps the counter, may be the slow one too
    const auto queue = comm.share_work(kItems);
    std::string mine;
    while (const auto item = queue->next()) {
      std::this_thread::sleep_for(comm.rank() == slow ? 60ms : 2ms);
      mine += std::to_string(*item) + " ";
      queue->report(10);
    }
    std::set<std::uint64_t> seen;
    const std::vector<std::string> all = comm.gather(mine);
    for (const std::string& text : all) {
      std::istringstream in(text);
      for (std::uint64_t item = 0; in >> item;) {
        EXPECT_TRUE(seen.insert(item).second) << item << " was dealt twice";
      }
    }
    EXPECT_EQ(seen.size(), kItems);
    if (comm.size() > 1) {
      EXPECT_LT(all[static_cast<std::size_t>(slow)].size(), all[static_cast<std::size_t>(slow == 0 ? 1 : 0)].size());
    }
    if (comm.rank() == 0) {
      EXPECT_EQ(queue->reported(), 10 * kItems);
      for (std::size_t rank = 0; rank < all.size(); ++rank) {
        const RankWork work = queue->by_rank().at(rank);
        EXPECT_EQ(work.reported, 10 * static_cast<std::uint64_t>(std::count(all[rank].begin(), all[rank].end(), ' ')));
        EXPECT_FALSE(work.item);
      }
    }
  }
}

TEST(MpiCommunicator, DealsNothingOfNothing) {
  const auto queue = world().share_work(0);
  EXPECT_FALSE(queue->next());
  EXPECT_FALSE(queue->next());
}

}  // namespace
}  // namespace samsr::testing
