// `samsr status` and metrics.prom of runs that go on, were killed and have ended.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "core/atomic_file.h"
#include "launch/running.h"
#include "launch/trained_runs.h"

namespace samsr::testing {
namespace {
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class StatusVerb : public TrainedRuns {
 protected:
  static std::string arguments(const std::string& out, int steps) {
    return train(out, "train.recipe=resshift train.checkpoint_every=5 train.checkpoint_behind=false train.steps=" +
                          std::to_string(steps));
  }
  static Outcome status(const std::string& out, const std::string& options = {}) {
    return run(samsr("status " + in(out) + options));
  }
};

TEST_F(StatusVerb, FollowsARunThroughAFaultToItsEnd) {
  {
    Running running(samsr_on(2, arguments("run", 100'000)), in("run.log"));
    ASSERT_TRUE(running.until([] { return metrics("run").size() >= 7; }));
    const Outcome going = status("run");
    EXPECT_EQ(going.status, 0) << going.output;
    EXPECT_THAT(going.output,
                ContainsRegex("now +running on .*, process [0-9]+, since .*last sign of life [0-9]+ s ago"));
    EXPECT_THAT(going.output, ContainsRegex("step +[0-9]+ of 100000 "));
    EXPECT_THAT(going.output, ContainsRegex("rate +[0-9.]+ steps/s; [0-9.]+ images/s"));
    EXPECT_THAT(going.output, ContainsRegex("left +[0-9]+ (h|min|s)"));
    EXPECT_THAT(going.output, ContainsRegex("ranks +(the ranks keep pace|rank [01] on host|waiting for the slowest)"));
    EXPECT_THAT(going.output, ContainsRegex("checkpoint +step-000[0-9]+, [0-9]+ s ago; the next one after step "));
    EXPECT_THAT(read_file(in("run/metrics.prom")), HasSubstr("samsr_train_steps{run="));
    ::kill(running.rank(1), SIGKILL);
    running.wait();
  }
  const auto lost = metrics("run").size() % 5;
  const Outcome killed = status("run");
  EXPECT_THAT(killed.output, HasSubstr(lost > 0 ? "ENDED after step" : "stopped after step"));

  const auto steps = static_cast<int>(metrics("run").size() / 5 * 5 + 3);
  const Outcome again = run(samsr_on(2, arguments("run", steps)));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("steps done again: " + std::to_string(lost)));
  const Outcome done = status("run", " --watch");  // ends, as the run has
  EXPECT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, ContainsRegex("now +done"));
  EXPECT_THAT(done.output, HasSubstr("started again 1 time"));
  EXPECT_THAT(read_file(in("run/metrics.prom")), HasSubstr("} " + std::to_string(steps) + "\n"));
}

TEST_F(StatusVerb, WatchesUntilTheRunHasEnded) {
  Running running(samsr(arguments("watched", 30)), in("watched.log"));
  ASSERT_TRUE(running.until([] { return !metrics("watched").empty(); }));
  const Outcome watched = status("watched", " --watch --every 1");
  EXPECT_EQ(watched.status, 0) << watched.output;
  EXPECT_THAT(watched.output, ContainsRegex("now +done"));
  EXPECT_EQ(running.wait(), 0);
}

TEST_F(StatusVerb, WritesNoPrometheusFileWhereItIsNotWanted) {
  ASSERT_EQ(run(samsr(arguments("quiet", 2) + " train.prometheus=false")).status, 0);
  EXPECT_FALSE(std::filesystem::exists(in("quiet/metrics.prom")));
}

TEST_F(StatusVerb, RefusesWhatIsNoRun) {
  const Outcome outcome = run(samsr("status " + in("nowhere")));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("nowhere: is not the folder of a run"));
  EXPECT_EQ(run(samsr("status " + in("nowhere") + " --every 0")).status, 2);
}

}  // namespace
}  // namespace samsr::testing
