#include "train/report/prometheus_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <sstream>

#include "core/atomic_file.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

StepMetrics some_metrics() {
  StepMetrics metrics;
  metrics.step = 7;
  metrics.losses = {{"loss", 0.5}, {"mse", NAN}};
  metrics.times.whole = 250;
  metrics.data_wait_ms = 10;
  metrics.slowest = SlowestRank{3, "host \"b\"", 80, 60};
  metrics.memory_mb = 1.5;
  return metrics;
}

PrometheusFacts some_facts() {
  PrometheusFacts facts;
  facts.run = "runs/a\\b";
  facts.steps = 20;
  facts.starts = 2;
  return facts;
}

TEST(PrometheusFile, IsTextThatPrometheusReads) {
  const std::string text = prometheus_text(some_facts(), some_metrics(), 1.7e9);
  EXPECT_THAT(text, HasSubstr("# TYPE samsr_train_step gauge\nsamsr_train_step{run=\"runs/a\\\\b\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("samsr_train_loss{run=\"runs/a\\\\b\",term=\"mse\"} NaN\n"));
  EXPECT_THAT(text, HasSubstr("samsr_train_phase_seconds{run=\"runs/a\\\\b\",phase=\"data_wait\"} 0.01\n"));
  EXPECT_THAT(text, HasSubstr("rank=\"3\",host=\"host \\\"b\\\"\"} 0.08\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE samsr_train_starts_total counter\nsamsr_train_starts_total{run="));
  // Each line is a comment or a sample, and each metric has its help, its type and its samples together.
  const std::regex sample(R"re(([a-z_]+)\{([a-z]+="([^"\\\n]|\\.)*",?)+\} (NaN|[+-]Inf|[-+0-9.e]+))re");
  const std::regex comment(R"re(# (HELP|TYPE) ([a-z_]+) .+)re");
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, comment)) {
      current = match[2];
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      EXPECT_EQ(match[1], current) << line;
    }
  }
}

TEST(PrometheusFile, IsWrittenAtTheFirstStepAndAtTheEnd) {
  const testing::TemporaryFolder folder;
  PrometheusFile file(folder.path(), some_facts());
  StepMetrics metrics = some_metrics();
  file.finish();
  EXPECT_FALSE(std::filesystem::exists(folder / "metrics.prom"));  // no step yet
  file.step(metrics, 30);
  EXPECT_THAT(read_file(folder / "metrics.prom"), HasSubstr("samsr_train_left_seconds{run=\"runs/a\\\\b\"} 30\n"));
  metrics.step = 8;
  metrics.skipped = true;
  file.step(metrics, 20);
  file.saved(8);
  EXPECT_THAT(read_file(folder / "metrics.prom"), HasSubstr("samsr_train_step{run=\"runs/a\\\\b\"} 7\n"));
  file.finish();
  const std::string text = read_file(folder / "metrics.prom");
  EXPECT_THAT(text, HasSubstr("samsr_train_step{run=\"runs/a\\\\b\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("samsr_train_checkpoint_step{run=\"runs/a\\\\b\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("samsr_train_skipped_steps_total{run=\"runs/a\\\\b\"} 1\n"));
}

}  // namespace
}  // namespace samsr
