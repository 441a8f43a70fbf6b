// Training on pairs that are degraded while it runs, through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "launch/running.h"
#include "launch/trained_runs.h"
#include "support/files.h"
#include "train/checkpoints/checkpoint.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class OnlineTraining : public TrainedRuns {
 protected:
  static std::string online(const std::string& out, const std::string& more) {
    return train(out, "data.degrade=online train.recipe=samsr train.tensorboard=false " + more);
  }
  static std::string of_photographs() { return " train.shards= data.images=" + shared_photographs() + " "; }

  static fs::path checkpoint(const std::string& out, std::int64_t step) { return in(out) / checkpoint_name(step); }
  static void expect_equal_losses(const std::string& one, const std::string& other, double tolerance) {
    expect_equal_figures(metrics(one), metrics(other), {"loss", "distill", "inverse", "gt"}, tolerance);
  }
  static void expect_refused(const std::string& command, const std::string& words) {
    const Outcome refused = run(samsr(command + " train.steps=1"));
    EXPECT_EQ(refused.status, 2) << command << "\n" << refused.output;
    EXPECT_THAT(refused.output, HasSubstr(words));
  }
};

TEST_F(OnlineTraining, AfterAKillEndsWithTheSameBitsForAnyLoaderThreads) {
  for (const std::string& source : {std::string(" "), of_photographs()}) {
    const std::string name = source == " " ? "shards" : "photographs";
    const std::string steps = source + " train.steps=15 ";
    succeed(samsr(online(name + "-whole", steps)));
    {
      Running killed(samsr(online(name + "-killed", steps + "data.loader_threads=2")));
      ASSERT_TRUE(killed.until([&] { return fs::exists(checkpoint(name + "-killed", 5)); }));
      ::kill(killed.pid(), SIGKILL);
    }
    ASSERT_FALSE(fs::exists(checkpoint(name + "-killed", 15))) << "killed too late to show anything";
    const Outcome resumed = run(samsr(online(name + "-killed", steps + "data.loader_threads=3 data.prefetch=7")));
    ASSERT_EQ(resumed.status, 0) << resumed.output;
    EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
    expect_equal_checkpoints(checkpoint(name + "-whole", 15), checkpoint(name + "-killed", 15));
    expect_equal_losses(name + "-whole", name + "-killed", 0);

    ASSERT_EQ(run(samsr_on(2, online(name + "-ranks", steps))).status, 0);
    expect_equal_losses(name + "-whole", name + "-ranks", 1e-5);
  }
}

TEST_F(OnlineTraining, SaysWhatItDrawsAndDrawsOtherPairsThanAreStored) {
  const std::string more = "train.steps=2 data.shuffle=false train.init=random";
  const std::string said = succeed(samsr(online("fresh", more)));
  EXPECT_THAT(said, AllOf(HasSubstr("their HR images are degraded afresh at every draw (data.degrade=online"),
                          HasSubstr("of each fresh LR image enlarged (SAMSR Eq. 3)")));
  succeed(samsr(online("stored", more + " data.degrade=cached")));
  EXPECT_NE(metrics("fresh").front().at("loss"), metrics("stored").front().at("loss"));
  const std::string photographs = succeed(samsr(online("photographs", of_photographs() + "train.steps=2")));
  EXPECT_THAT(photographs, HasSubstr("cut and degraded afresh at every draw"));
  EXPECT_TRUE(fs::exists(in("photographs/photographs.index")));
  // No masks where none shape the noise.
  const std::string sinsr = succeed(samsr(online("sinsr", "train.steps=1 train.recipe=sinsr masks.source=sam")));
  EXPECT_THAT(sinsr, ::testing::Not(HasSubstr("enlarged (SAMSR Eq. 3)")));
}

TEST_F(OnlineTraining, FromPhotographsGivesTheLossesOfABuildInItsOrder) {
  const std::string more = "train.steps=4 train.init=random train.lr=1e-6 ";
  succeed(samsr(online("built", more + "data.degrade=cached data.shuffle=false")));
  succeed(samsr(online("made", more + of_photographs())));
  expect_equal_losses("built", "made", 2e-3);  // stored latents are halves, of 11 bits
}

TEST_F(OnlineTraining, MistakesAreOneLineAtTheStart) {
  expect_refused(online("wrong", "train.teacher=cached"), "cached rollouts belong to stored pairs");
  expect_refused(online("wrong", "train.shards="), "there is nothing to degrade");
  expect_refused(online("wrong", "data.images=" + shared_photographs()), "Leave one out");
  expect_refused(online("wrong", "masks.source=sam"), "has no coverage_hr of its masks");
  expect_refused(online("wrong", of_photographs() + "masks.source=sam"), "too slow for the loader's threads");
  expect_refused(online("wrong", "train.recipe=coverage_net"), "some of which it holds out");
  expect_refused(online("wrong", of_photographs() + "data.shuffle=false"), "data.shuffle=false");
  expect_refused(online("wrong", "train.shards= data.images=" + in("absent")), "absent: no such folder or file");
  expect_refused(online("wrong", "train.shards= data.images=" + folder_->folder("empty").string()), "empty");
  expect_refused(online("wrong", of_photographs() + "data.gt_size=66 data.crop_pad_size=80"),
                 "multiples of data.scale");
  expect_refused(online("wrong", "data.degrade=sometimes"), "data.degrade");
  EXPECT_FALSE(fs::exists(in("wrong") / "latest"));
}

TEST_F(OnlineTraining, AnotherDegradationIsAnotherTraining) {
  succeed(samsr(online("changed", "train.steps=1")));
  expect_refused(online("changed", "train.steps=2 'degradation.noise_range=[1, 2]'"),
                 "photographs, crops, degradation or masks: others");
  const Outcome cached = run(samsr(online("changed", "train.steps=2 data.degrade=cached")));
  EXPECT_EQ(cached.status, 2);
  EXPECT_THAT(cached.output, HasSubstr("data.degrade"));
}

TEST_F(OnlineTraining, ADryRunWritesTheIndexOfPhotographsAlone) {
  const Outcome tried = run(samsr(online("dry", of_photographs() + "train.steps=2 --dry-run")));
  EXPECT_EQ(tried.status, 0) << tried.output;
  EXPECT_THAT(tried.output, HasSubstr("nothing was written but the photographs' index"));
  for (const auto& entry : fs::directory_iterator(in("dry"))) {
    EXPECT_EQ(entry.path().filename().string(), "photographs.index");
  }
}

}  // namespace
}  // namespace samsr::testing
