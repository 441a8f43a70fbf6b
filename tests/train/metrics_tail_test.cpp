#include "train/report/metrics_tail.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "support/temporary_folder.h"

namespace samsr {
namespace {

StepMetrics metrics_of(std::int64_t step) {
  StepMetrics metrics;
  metrics.step = step;
  metrics.losses = {{"loss", 0.5}, {"mse", NAN}};
  metrics.learning_rate = 1e-4;
  metrics.times.whole = 100;
  metrics.data_wait_ms = 7;
  metrics.slowest = SlowestRank{3, "b", 80, 60};
  metrics.skipped = step == 2;
  metrics.checkpoint_wait_ms = 12;
  metrics.checkpoint_minutes = 30.5;
  return metrics;
}

TEST(MetricsTail, ReadsBackWhatTheLogHoldsAndWhatIsAdded) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder / "metrics.jsonl";
  MetricsTail tail(file, 2);
  tail.update();
  EXPECT_TRUE(tail.last().empty());  // no file yet
  MetricsLog log(file, 0);
  for (const std::int64_t step : {1, 2, 3}) {
    log.write(metrics_of(step));
    tail.update();
    EXPECT_EQ(tail.last().back().metrics.step, step);
  }
  EXPECT_EQ(tail.skipped(), 1);
  const std::vector<LoggedStep> last = tail.last();
  ASSERT_EQ(last.size(), 2U);
  const StepMetrics& found = last.back().metrics;
  ASSERT_EQ(found.losses.size(), 2U);
  EXPECT_EQ(found.losses.front(), (std::pair<std::string, double>("loss", 0.5)));
  EXPECT_TRUE(std::isnan(found.losses.back().second));
  EXPECT_EQ(found.learning_rate, 1e-4);
  EXPECT_EQ(found.times.whole, 100);
  EXPECT_EQ(found.data_wait_ms, 7);
  ASSERT_TRUE(found.slowest.has_value());
  EXPECT_EQ(found.slowest->rank, 3);
  EXPECT_EQ(found.slowest->host, "b");
  EXPECT_EQ(found.slowest->excess_ms(), 20);
  EXPECT_FALSE(found.skipped);
  EXPECT_EQ(found.checkpoint_wait_ms, 12);
  EXPECT_EQ(found.checkpoint_minutes, 30.5);
  EXPECT_TRUE(last.front().metrics.skipped);
  EXPECT_GT(last.back().time, 1.7e9);
}

TEST(MetricsTail, LeavesHalfALineForTheNextTime) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder / "metrics.jsonl";
  MetricsTail tail(file);
  std::ofstream out(file);
  out << "{\"step\":1,\"loss\":0.5,\"lr\":1}\n{\"step\":2,\"lo" << std::flush;
  tail.update();
  ASSERT_EQ(tail.last().size(), 1U);
  out << "ss\":0.25,\"lr\":1}\n" << std::flush;
  tail.update();
  ASSERT_EQ(tail.last().size(), 2U);
  EXPECT_EQ(tail.last().back().metrics.losses.front().second, 0.25);
}

TEST(MetricsTail, BeginsAnewWhenARunResumes) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder / "metrics.jsonl";
  MetricsTail tail(file);
  {
    MetricsLog log(file, 0);
    for (const std::int64_t step : {1, 2, 3}) {
      log.write(metrics_of(step));
    }
  }
  tail.update();
  MetricsLog log(file, 1);
  log.write(metrics_of(2));
  tail.update();
  ASSERT_EQ(tail.last().size(), 2U);
  EXPECT_EQ(tail.last().back().metrics.step, 2);
  EXPECT_EQ(tail.skipped(), 1);
}

}  // namespace
}  // namespace samsr
