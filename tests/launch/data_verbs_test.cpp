// The data stage through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <fstream>

#include "core/atomic_file.h"
#include "data/image_file.h"
#include "program.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string build(const TemporaryFolder& folder, const std::string& out, const std::string& more = "") {
  return "data build" + std::string(kTinySettings) + "data.images=" + (folder / "photographs") + " data.out=" + (folder / out) +
         " " + more;
}

std::vector<fs::path> shards_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".h5") {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

class DataVerbs : public ::testing::Test {
 protected:
  void SetUp() override { write_photographs(folder_.path() / "photographs"); }

  void expect_equal_shards(const std::string& a, const std::string& b) {
    const auto first = shards_in(folder_ / a);
    const auto second = shards_in(folder_ / b);
    ASSERT_EQ(first.size(), 5U);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      // The recorded configuration holds data.out, so attributes may differ; the datasets may not.
      for (const char* dataset : {"hr", "lr", "coverage", "coverage_hr", "z_hr", "z_lr", "source", "crc32c"}) {
        EXPECT_EQ(dataset_bytes(first[i], dataset), dataset_bytes(second[i], dataset)) << first[i] << " " << dataset;
      }
    }
  }

  static std::string dataset_bytes(const fs::path& file, const char* name) {
    const hid_t id = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t dataset = H5Dopen2(id, name, H5P_DEFAULT);
    EXPECT_GE(dataset, 0) << file << " has no " << name;
    const hid_t type = H5Dget_type(dataset);
    const hid_t space = H5Dget_space(dataset);
    std::string bytes(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)) * H5Tget_size(type), '\0');
    EXPECT_GE(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), 0);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(dataset);
    H5Fclose(id);
    return bytes;
  }

  TemporaryFolder folder_{"data_verbs"};
};

TEST_F(DataVerbs, OneTwoAndThreeRanksWriteTheSameBytes) {
  for (const int ranks : {1, 2, 3}) {
    const Outcome built = run(samsr_on(ranks, build(folder_, "ranks" + std::to_string(ranks))));
    ASSERT_EQ(built.status, 0) << built.output;
  }
  expect_equal_shards("ranks1", "ranks2");
  expect_equal_shards("ranks1", "ranks3");
}

TEST_F(DataVerbs, AKilledBuildStartedAgainEndsWithTheSameBytes) {
  ASSERT_EQ(run(samsr(build(folder_, "whole"))).status, 0);
  const std::string command = samsr(build(folder_, "killed"));
  run("timeout --signal=KILL 0.6 env " + command);
  const Outcome finished = run(command);
  ASSERT_EQ(finished.status, 0) << finished.output;
  expect_equal_shards("whole", "killed");
}

TEST_F(DataVerbs, InspectShowsAndVerifyChecks) {
  ASSERT_EQ(run(samsr(build(folder_, "shards"))).status, 0);
  const Outcome shown = run(samsr("data inspect " + (folder_ / "shards") + " --sheet " + (folder_ / "sheet.png")));
  EXPECT_EQ(shown.status, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("coverage"));
  EXPECT_FALSE(read_image(folder_ / "sheet.png").rgb.empty());
  EXPECT_EQ(run(samsr("data verify " + (folder_ / "shards"))).status, 0);

  const fs::path shard = shards_in(folder_ / "shards").at(2);
  std::string bytes = read_file(shard);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  std::ofstream(shard, std::ios::binary) << bytes;
  const Outcome bad = run(samsr("data verify " + (folder_ / "shards")));
  EXPECT_EQ(bad.status, 2) << bad.output;
  EXPECT_THAT(bad.output, HasSubstr(shard.filename().string()));

  fs::resize_file(shard, bytes.size() / 2);
  for (const char* verb : {"data verify ", "data inspect "}) {
    const Outcome cut = run(samsr(std::string(verb) + (folder_ / "shards")));
    EXPECT_EQ(cut.status, 2) << cut.output;
    EXPECT_THAT(cut.output, HasSubstr(shard.filename().string()));
  }
}

TEST_F(DataVerbs, ExportWritesPairsThatEvalTakes) {
  ASSERT_EQ(run(samsr(build(folder_, "shards"))).status, 0);
  const Outcome exported = run(samsr("data export " + (folder_ / "shards") + " " + (folder_ / "pairs") + " --count 7"));
  ASSERT_EQ(exported.status, 0) << exported.output;
  EXPECT_EQ(list_images(folder_ / "pairs/lq").size(), 7U);
  EXPECT_EQ(list_images(folder_ / "pairs/gt").size(), 7U);
  EXPECT_EQ(read_image(list_images(folder_ / "pairs/gt").front()).rgb.rows, 64);
}

TEST_F(DataVerbs, AFullDiskLosesNoShardThatIsDone) {
  ASSERT_EQ(run(samsr(build(folder_, "whole"))).status, 0);
  const Outcome failed = run("trap '' XFSZ; ulimit -f 100; " + samsr(build(folder_, "full")));
  EXPECT_EQ(failed.status, 2) << failed.output;
  const Outcome finished = run(samsr(build(folder_, "full")));
  EXPECT_EQ(finished.status, 0) << finished.output;
  expect_equal_shards("whole", "full");
}

TEST_F(DataVerbs, PhotographsThatCannotBeUsedAreNamedAndCounted) {
  std::ofstream(folder_.path() / "photographs/text.png") << "this is not a photograph";
  write_png(folder_ / "photographs/tiny.png", cv::Mat(8, 8, CV_8UC3, cv::Scalar(1, 2, 3)));
  const Outcome built = run(samsr(build(folder_, "shards")));
  ASSERT_EQ(built.status, 0) << built.output;
  EXPECT_THAT(built.output, HasSubstr("text.png"));
  EXPECT_THAT(built.output, HasSubstr("tiny.png"));
}

TEST_F(DataVerbs, ABuildOfNothingIsAnError) {
  fs::create_directories(folder_.path() / "empty");
  const std::string out = " data.out=" + (folder_ / "x");
  for (const std::string& images : {folder_ / "empty", folder_ / "absent", std::string()}) {
    const Outcome outcome = run(samsr("data build" + std::string(kTinySettings) + "data.images=" + images + out));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(images.empty() ? "data.images" : images));
  }
}

}  // namespace
}  // namespace samsr::testing
