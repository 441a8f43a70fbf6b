#include "train/faults/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <sstream>

namespace samsr {
namespace {
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::int64_t kData = static_cast<std::int64_t>(Phase::kData);
constexpr std::int64_t kBackward = static_cast<std::int64_t>(Phase::kBackward);

TEST(Watchdog, EndsAProcessThatStandsStillAndSaysWhere) {
  ::testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        const auto communicator = make_single_communicator();
        Log log(std::cerr, 0, 1, false);
        Watchdog watchdog(*communicator, log, 0.3);
        watchdog.at(120, Phase::kData);
        watchdog.saved(100);
        std::this_thread::sleep_for(20s);
      },
      ::testing::ExitedWithCode(Watchdog::kStatus), "has not reached step 120 \\(data\\).*goes on from step 100");
}

TEST(Watchdog, LeavesALongPhaseThatMovesAlone) {
  const auto communicator = make_single_communicator();
  std::ostringstream messages;
  Log log(messages, 0, 1, false);
  Watchdog watchdog(*communicator, log, 1);
  for (int i = 0; i < 20; ++i) {
    watchdog.at(5, Phase::kValidation);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_EQ(messages.str(), "");
}

TEST(Watchdog, NeverWithoutATimeout) {
  const auto communicator = make_single_communicator();
  std::ostringstream messages;
  Log log(messages, 0, 1, false);
  Watchdog watchdog(*communicator, log, 0);
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(messages.str(), "");
}

TEST(Watchdog, NamesWhoTheOthersWaitFor) {
  const std::vector<std::string> hosts{"a", "a", "b", "b", "c"};
  const RankStanding waiting{120, kBackward, 9};
  const RankStanding reading{120, kData, 8};
  EXPECT_EQ(who_is_behind({waiting, waiting, reading, waiting, waiting}, {false, false, false, false, false}, hosts),
            "rank 2 on host b has not reached step 120 (data)");
  EXPECT_EQ(who_is_behind({waiting, waiting, waiting, reading, waiting}, {false, false, true, false, false}, hosts),
            "rank 2 on host b has not reached step 120 (backward and exchange) and does not answer");
  EXPECT_EQ(who_is_behind({waiting, waiting, waiting, waiting, waiting}, {false, false, false, false, false}, hosts),
            "none of the 5 ranks has reached step 120 (backward and exchange)");
  EXPECT_THAT(who_is_behind({waiting, reading, reading, reading, reading}, {false, false, false, false, false}, hosts),
              ::testing::EndsWith("rank 3 on host b has not reached step 120 (data) and 1 more"));
  EXPECT_EQ(who_is_behind({reading}, {false}, {"a"}), "rank 0 on host a has not reached step 120 (data)");
}

}  // namespace
}  // namespace samsr
