#include "comm/work_pace.h"

#include <gtest/gtest.h>

namespace samsr {
namespace {
using namespace std::chrono_literals;

constexpr auto kHundred = [](std::uint64_t) { return std::uint64_t{100}; };
const WorkPace::Clock::time_point kStart{};

TEST(WorkPace, RanksShareWhatIsLeftAtTheirCommonRate) {
  WorkPace pace(kStart);
  const ProgressPace found = pace.at(kStart + 10s, {{400, 4, 0}, {100, 1, 0}}, 5000, kHundred);
  EXPECT_DOUBLE_EQ(found.rate, 50);
  EXPECT_DOUBLE_EQ(found.seconds, 100);
  EXPECT_EQ(pace.note(), "slowest rank 1, 10.0/s");
}

TEST(WorkPace, IsNotDoneBeforeTheSlowestHasFinishedItsItem) {
  WorkPace pace(kStart);
  // Rank 1 has 60 units of its last item before it, at 2/s; rank 0 has nothing left to do.
  const ProgressPace found = pace.at(kStart + 20s, {{400, std::nullopt, 0}, {40, 5, 40}}, 60, kHundred);
  EXPECT_DOUBLE_EQ(found.seconds, 30);
  EXPECT_EQ(pace.note(), "waiting for rank 1");
}

TEST(WorkPace, ForgetsHowSlowlyTheTaskBegan) {
  WorkPace pace(kStart);
  const auto rate_at = [&](std::chrono::seconds time, std::uint64_t reported) {
    return pace.at(kStart + time, {{reported, 0, 0}}, 1000, kHundred).rate;
  };
  EXPECT_DOUBLE_EQ(rate_at(120s, 120), 1);
  EXPECT_DOUBLE_EQ(rate_at(240s, 120 + 1200), 1320.0 / 240);
  EXPECT_DOUBLE_EQ(rate_at(360s, 120 + 2400), 10);
  EXPECT_EQ(pace.note(), "");
}

TEST(WorkPace, SaysNothingOfWhatIsNotKnown) {
  WorkPace pace(kStart);
  const ProgressPace found = pace.at(kStart, {{0, 0, 0}, {0, 1, 0}}, 200, kHundred);
  EXPECT_EQ(found.rate, 0);
  EXPECT_EQ(found.seconds, 0);
  EXPECT_EQ(pace.note(), "");
}

}  // namespace
}  // namespace samsr
