#include "train/report/metrics_log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {

std::vector<nlohmann::json> entries(const std::filesystem::path& file) {
  std::istringstream lines(read_file(file));
  std::vector<nlohmann::json> found;
  for (std::string line; std::getline(lines, line);) {
    found.push_back(nlohmann::json::parse(line));
  }
  return found;
}

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
  EXPECT_TRUE(entries(file).back()["mse"].is_null());
  std::ofstream(file, std::ios::app) << "{\"step\": 6, \"lo";  // killed while writing
  {
    MetricsLog log(file, 3);
    metrics.step = 4;
    log.write(metrics);
  }
  const auto found = entries(file);
  ASSERT_EQ(found.size(), 4U);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i]["step"], i + 1);
  }
}

}  // namespace
}  // namespace samsr
