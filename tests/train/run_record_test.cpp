#include "train/report/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

#include "support/temporary_folder.h"

namespace samsr {
namespace {

TEST(RunRecord, IsPrintedAndKeptForEveryStart) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder / "run.yaml";
  RunRecord record;
  record.add("command", "samsr train 'unet.channel_mult=[1, 2]': all of it");
  record.add("hosts", "node1 (8 ranks)");
  record.append_to(file);
  record.append_to(file);
  const auto starts = YAML::LoadAllFromFile(file);
  ASSERT_EQ(starts.size(), 2U);
  EXPECT_EQ(starts[1]["command"].as<std::string>(), "samsr train 'unet.channel_mult=[1, 2]': all of it");
  EXPECT_EQ(starts[1]["hosts"].as<std::string>(), "node1 (8 ranks)");

  std::ostringstream out;
  Log log(out, 0, 1, /*terminal=*/false);
  record.print(log);
  EXPECT_THAT(out.str(), ::testing::HasSubstr("\nhosts        node1 (8 ranks)\n"));
}

}  // namespace
}  // namespace samsr
