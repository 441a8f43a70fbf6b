// Builds that are killed, for real, at any point: started again they end with the same bytes.

#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "launch/running.h"
#include "launch/trained_runs.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

class KilledBuild : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr(staged("whole", "--stage all")));
  }

  static std::string staged(const std::string& out, const std::string& stages) {
    return build(in(out), "train.recipe=sinsr train.teacher_weights=" + shared_teacher() + " " + stages);
  }

  static void expect_whole(const std::string& out) {
    const auto expected = data_set_in(in("whole"));
    const auto found = data_set_in(in(out));
    for (const auto& [name, bytes] : found) {
      EXPECT_TRUE(expected.contains(name)) << name << " was left behind";
    }
    for (const auto& [name, bytes] : expected) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_TRUE(found.at(name) == bytes) << name << " has other bytes";
    }
  }
};

TEST_F(KilledBuild, InAnyStageEndsWithTheSameBytes) {
  for (const char* stage : {"pairs", "masks", "latents", "rollout"}) {
    for (const char* shard : {"shard-000000.h5", "shard-000003.h5"}) {
      const std::string command = samsr(staged("out", std::string("--stage ") + stage));
      {
        Running running(command);
        ASSERT_TRUE(running.until([&] { return is_being_written(in("out"), shard); })) << stage;
      }
      EXPECT_FALSE(fs::exists(in("out/manifest.json")));
    }
    const Outcome finished = run(samsr(staged("out", std::string("--stage ") + stage)));
    ASSERT_EQ(finished.status, 0) << finished.output;
  }
  expect_whole("out");
}

TEST_F(KilledBuild, WhileItReadsPhotographsEndsWithTheSameBytes) {
  {
    Running running(samsr(staged("scanned", "--stage all")));
    ASSERT_TRUE(running.until([] { return fs::exists(in("scanned/photographs.scan/offsets")); }));
  }
  const Outcome finished = run(samsr(staged("scanned", "--stage all")));
  ASSERT_EQ(finished.status, 0) << finished.output;
  expect_whole("scanned");
}

TEST_F(KilledBuild, OneOfTwoRanksTakesTheOtherAlong) {
  for (const int victim : {0, 1}) {
    const std::string out = "ranks" + std::to_string(victim);
    {
      Running running(samsr_on(2, staged(out, "--stage all")));
      ASSERT_TRUE(running.until([&] { return is_being_written(in(out), "shard-000001.h5"); }));
      ::kill(running.rank(victim), SIGKILL);
      EXPECT_GT(running.wait(), 0);
    }
    const Outcome finished = run(samsr_on(3, staged(out, "--stage all")));
    ASSERT_EQ(finished.status, 0) << finished.output;
    expect_whole(out);
  }
}

}  // namespace
}  // namespace samsr::testing
