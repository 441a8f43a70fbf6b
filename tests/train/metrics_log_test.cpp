#include "train/report/metrics_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>

#include "support/json_lines.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/report/tensorboard/event_file.h"

namespace samsr {
namespace {
using testing::read_json_lines;

TEST(MetricsLog, OneObjectAStepAlsoAfterAResumption) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder / "metrics.jsonl";
  StepMetrics metrics;
  {
    MetricsLog log(file, 0);
    for (metrics.step = 1; metrics.step <= 5; ++metrics.step) {
      metrics.losses = {{"loss", 0.5}, {"mse", metrics.step == 5 ? NAN : 0.25}};
      log.write(metrics);
    }
  }
  EXPECT_TRUE(read_json_lines(file).back()["mse"].is_null());
  std::ofstream(file, std::ios::app) << "{\"step\": 6, \"lo";  // killed while writing
  {
    MetricsLog log(file, 3);
    metrics.step = 4;
    log.write(metrics);
  }
  const auto found = read_json_lines(file);
  ASSERT_EQ(found.size(), 4U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i]["step"], i + 1);
  }
}

TEST(MetricsLog, SaysWhyItCannotBeWritten) {
  const testing::TemporaryFolder folder;
  MetricsLog log(folder / "metrics.jsonl", 0);
  EventFile events(folder / "events", 0);
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small = before;
  small.rlim_cur = 100;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string line = testing::error_of([&] {
    for (int step = 1; step <= 100; ++step) {
      StepMetrics metrics;
      metrics.step = step;
      log.write(metrics);
    }
  });
  const std::string event = testing::error_of([&] {
    for (int step = 1; step <= 100; ++step) {
      events.scalars(step, {{"loss", 0.5}});
    }
  });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(line, ::testing::HasSubstr("metrics.jsonl: cannot be written: File too large"));
  EXPECT_THAT(event, ::testing::HasSubstr(": cannot be written: File too large"));
}

TEST(MetricsLog, AGpusMemoryStandsBesideTheHosts) {
  StepMetrics metrics;
  metrics.memory_mb = 1940;
  const auto last = [&] { return named_values(metrics).back(); };
  EXPECT_EQ(last(), (std::pair<std::string, double>("memory_mb", 1940)));
  metrics.gpu_memory_mb = 41'260;
  EXPECT_EQ(last(), (std::pair<std::string, double>("gpu_memory_mb", 41'260)));
}

}  // namespace
}  // namespace samsr
