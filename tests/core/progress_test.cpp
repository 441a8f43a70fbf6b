#include "core/progress.h"

#include <gtest/gtest.h>

#include <sstream>

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

TEST(Progress, RedrawsOnATerminalAndErasesBeforeALine) {
  std::ostringstream out;
  Log log(out, 0, 1, true);
  log.status("half");
  log.info("a line");
  EXPECT_EQ(out.str(), "\r\x1b[Khalf\r\x1b[Ka line\n");
}

}  // namespace
}  // namespace samsr
