#include "core/progress.h"

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <thread>

namespace samsr {
namespace {

TEST(Progress, FormatsDurations) {
  EXPECT_EQ(format_duration(12.4), "12 s");
  EXPECT_EQ(format_duration(200), "3 min 20 s");
  EXPECT_EQ(format_duration(3720), "1 h 02 min");
}

TEST(Progress, OnlyRankZeroSpeaks) {
  std::ostringstream zero;
  std::ostringstream one;
  Log log_zero(zero, 0, 2, false);
  Log log_one(one, 1, 2, false);
  for (Log* log : {&log_zero, &log_one}) {
    Progress progress(*log, "degrading", 10, "pairs");
    progress.advance(10);
    progress.finish();
  }
  EXPECT_NE(zero.str().find("degrading: 10 pairs"), std::string::npos) << zero.str();
  EXPECT_EQ(one.str(), "");
  log_one.from_rank("lost its shard");
  EXPECT_EQ(one.str(), "[rank 1] lost its shard\n");
}

TEST(Progress, TellsWhatItKnows) {
  std::ostringstream out;
  Log log(out, 0, 1, true);
  Progress listing(log, "listing", Progress::kUnknown, "files");
  Progress building(log, "building", 100, "pairs");
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  EXPECT_TRUE(building.is_due());
  listing.advance(7);
  building.set(50, {.rate = 2.5, .seconds = 200}, "slowest rank 1");
  EXPECT_FALSE(building.is_due());
  EXPECT_NE(out.str().find("listing: 7 files  "), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("50/100 pairs  2.5/s  3 min 20 s left  slowest rank 1"), std::string::npos) << out.str();
}

TEST(Progress, RedrawsOnATerminalAndErasesBeforeALine) {
  std::ostringstream out;
  Log log(out, 0, 1, true);
  log.status("half");
  log.info("a line");
  EXPECT_EQ(out.str(), "\r\x1b[Khalf\r\x1b[Ka line\n");
}

}  // namespace
}  // namespace samsr
