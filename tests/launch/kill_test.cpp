// Builds that are killed, for real, at any point: started again they end with the same bytes.

#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "program.h"
#include "running.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

/// What a build leaves; config.yaml, which names the folder, aside.
std::map<std::string, std::string> data_set_in(const fs::path& folder) {
  std::map<std::string, std::string> found = contents(folder);
  found.erase("config.yaml");
  return found;
}

class KilledBuild : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("killed_build");
    write_photographs(*folder_ / "photographs");
    ASSERT_EQ(run(samsr(build("taught"))).status, 0);
    const Outcome taught = run(samsr("train" + std::string(kTinySettings) + "train.recipe=resshift train.steps=1" +
                                     " train.global_batch=2 train.threads=1 train.shards=" + (*folder_ / "taught") +
                                     " train.out=" + (*folder_ / "teacher")));
    ASSERT_EQ(taught.status, 0) << taught.output;
    const Outcome whole = run(samsr(build("whole", "--stage all")));
    ASSERT_EQ(whole.status, 0) << whole.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string build(const std::string& out, const std::string& more = "") {
    return "data build" + std::string(kTinySettings) + "data.images=" + (*folder_ / "photographs") +
           " data.out=" + (*folder_ / out) + " train.recipe=sinsr train.teacher_weights=" + (*folder_ / "teacher") +
           " " + more;
  }

  static void expect_whole(const std::string& out) {
    const auto expected = data_set_in(*folder_ / "whole");
    const auto found = data_set_in(*folder_ / out);
    for (const auto& [name, bytes] : found) {
      EXPECT_TRUE(expected.contains(name)) << name << " was left behind";
    }
    for (const auto& [name, bytes] : expected) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_TRUE(found.at(name) == bytes) << name << " has other bytes";
    }
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* KilledBuild::folder_ = nullptr;

TEST_F(KilledBuild, InAnyStageEndsWithTheSameBytes) {
  for (const char* stage : {"pairs", "masks", "latents", "rollout"}) {
    for (const char* shard : {"shard-000000.h5", "shard-000003.h5"}) {
      const std::string command = samsr(build("out", std::string("--stage ") + stage));
      {
        Running running(command);
        ASSERT_TRUE(running.until([&] { return is_being_written(*folder_ / "out", shard); })) << stage;
      }
      EXPECT_FALSE(fs::exists(*folder_ / "out/manifest.json"));
    }
    const Outcome finished = run(samsr(build("out", std::string("--stage ") + stage)));
    ASSERT_EQ(finished.status, 0) << finished.output;
  }
  expect_whole("out");
}

TEST_F(KilledBuild, WhileItReadsPhotographsEndsWithTheSameBytes) {
  {
    Running running(samsr(build("scanned", "--stage all")));
    ASSERT_TRUE(running.until([] { return fs::exists(*folder_ / "scanned/photographs.scan/offsets"); }));
  }
  const Outcome finished = run(samsr(build("scanned", "--stage all")));
  ASSERT_EQ(finished.status, 0) << finished.output;
  expect_whole("scanned");
}

TEST_F(KilledBuild, OneOfTwoRanksTakesTheOtherAlong) {
  for (const int victim : {0, 1}) {
    const std::string out = "ranks" + std::to_string(victim);
    {
      Running running(samsr_on(2, build(out, "--stage all")));
      ASSERT_TRUE(running.until([&] { return is_being_written(*folder_ / out, "shard-000001.h5"); }));
      ::kill(running.rank(victim), SIGKILL);
      EXPECT_GT(running.wait(), 0);
    }
    const Outcome finished = run(samsr_on(3, build(out, "--stage all")));
    ASSERT_EQ(finished.status, 0) << finished.output;
    expect_whole(out);
  }
}

}  // namespace
}  // namespace samsr::testing
