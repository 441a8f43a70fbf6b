// Training from rollouts cached in the shards, and on shards that are damaged, through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "data/shards/shard_set.h"
#include "launch/trained_runs.h"
#include "support/shards.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kSamsr = "train.recipe=samsr ";

class CachedRollouts : public TrainedRuns {
 protected:
  /// Shards of 24 samples with one rollout of each, from the noise that a run with the seed 9 draws in its first
  /// epoch when it does not shuffle.
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    fs::copy(shared_shards(), in("without"));
    fs::copy(shared_shards(), in("shards"));
    succeed(samsr(rollout("shards")));
  }

  static std::string rollout(const std::string& shards, const std::string& more = "") {
    return build(in(shards), "--stage rollout rollout.seed=9 rollout.batch=2 train.teacher_weights=" +
                                 shared_teacher() + " " + kSamsr + more);
  }

  static std::string online(const std::string& out, const std::string& more) {
    return train(out, "train.checkpoint_every=100 train.shards=" + in("shards") + " " + more);
  }
  static std::string cached(const std::string& out, const std::string& more) {
    return online(out, kSamsr + ("train.teacher=cached " + more));
  }

  /// The losses of two runs agree to `tolerance` of their size in every step.
  static void expect_equal_losses(const std::string& one, const std::string& other, std::size_t steps,
                                  double tolerance) {
    const auto lines = metrics(one);
    ASSERT_EQ(lines.size(), steps);
    expect_equal_figures(lines, metrics(other), {"loss", "distill", "inverse", "gt"}, tolerance);
  }

  /// A copy of the shards in which the field `lr` of these samples is damaged.
  static std::string damaged_shards(const std::string& name, const std::vector<std::uint64_t>& samples) {
    fs::copy(in("shards"), in(name));
    const ShardSet shards(in(name));
    for (const std::uint64_t sample : samples) {
      const ShardSet::Place place = shards.place(sample);
      flip_byte(place.shard.path(), "lr", place.sample);
    }
    return " train.shards=" + in(name) + " ";
  }
};

TEST_F(CachedRollouts, AreRegeneratedAndContinuedWithTheirTeacher) {
  const Outcome same = run(samsr_on(2, "data regenerate " + in("shards") + " --all --compare"));
  EXPECT_EQ(same.status, 0) << same.output;
  EXPECT_THAT(same.output, AllOf(HasSubstr("24 samples made again"), HasSubstr("rollout/x0, rollout/noise_seed")));
  const Outcome other = run(samsr("data regenerate " + in("shards") + " --all --compare rollout.seed=8"));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("rollout.seed is 9 there and 8 now"));

  succeed(samsr(build(in("grown"), "data.samples=8")));
  succeed(samsr(rollout("grown", "data.samples=8")));
  const Outcome grown = run(samsr("data build --like " + in("grown") + " data.samples=24"));
  EXPECT_EQ(grown.status, 0) << grown.output;
  EXPECT_EQ(data_set_in(in("grown")), data_set_in(in("shards")));
}

TEST_F(CachedRollouts, GiveTheLossesOfTheTeacherAtHand) {
  // A student that starts as its teacher would differ from it by no more than a half's rounding; and AdamW's first
  // steps, which go by the signs of gradients, would make the two runs drift apart.
  const std::string more = "data.shuffle=false train.steps=6 train.init=random train.lr=1e-6";
  const Outcome at_hand = run(samsr(online("online", kSamsr + more)));
  ASSERT_EQ(at_hand.status, 0) << at_hand.output;
  const Outcome kept = run(samsr(cached("cached", more)));
  ASSERT_EQ(kept.status, 0) << kept.output;
  EXPECT_THAT(kept.output, HasSubstr("none in memory"));
  expect_equal_losses("online", "cached", 6, 2e-3);  // halves have 11 bits
}

TEST_F(CachedRollouts, GiveTheSameLossesOnAnyRanksAndAfterStoppingInAnEpoch) {
  const Outcome straight = run(samsr(cached("straight", "train.steps=16")));
  ASSERT_EQ(straight.status, 0) << straight.output;
  // Ten steps of four images end within the second epoch of 24.
  ASSERT_EQ(run(samsr_on(2, cached("moved", "train.steps=10"))).status, 0);
  const Outcome alone = run(samsr(cached("moved", "train.steps=13")));
  ASSERT_EQ(alone.status, 0) << alone.output;
  EXPECT_THAT(alone.output, HasSubstr("resumed from"));
  const Outcome three = run(samsr_on(3, cached("moved", "train.steps=16")));
  ASSERT_EQ(three.status, 0) << three.output;
  expect_equal_losses("straight", "moved", 16, 1e-5);

  ASSERT_EQ(run(samsr(cached("resumed", "train.steps=10"))).status, 0);
  ASSERT_EQ(run(samsr(cached("resumed", "train.steps=16"))).status, 0);
  expect_equal_losses("straight", "resumed", 16, 0);
}

TEST_F(CachedRollouts, HaveTheSameBytesFromAnyRanks) {
  fs::copy(in("without"), in("two_ranks"));
  const Outcome rolled = run(samsr_on(2, rollout("two_ranks")));
  ASSERT_EQ(rolled.status, 0) << rolled.output;
  std::size_t shards = 0;
  for (const auto& entry : fs::directory_iterator(in("shards"))) {
    if (entry.path().extension() == ".h5") {
      ++shards;
      EXPECT_TRUE(read_file(entry.path()) == read_file(in("two_ranks/" + entry.path().filename().string())))
          << entry.path();
    }
  }
  EXPECT_EQ(shards, 5U);
}

TEST_F(CachedRollouts, MustBeThereAndFitTheRun) {
  const std::pair<std::string, std::string> cases[] = {
      {cached("wrong", "train.shards=" + in("without")), "samsr data build --stage rollout"},
      {cached("wrong", "samsr.m=0.3"), "samsr.m is 0.2 there and 0.3 now"},
      {cached("wrong", "samsr.variant=released"), "samsr.variant"},
      {cached("wrong", "train.recipe=sinsr"), "train.recipe is samsr there and sinsr now"},
      {cached("wrong", "diffusion.kappa=1.5"), "diffusion.kappa"},
      {cached("wrong", "train.teacher_weights="), "train.teacher_weights is not set"},
      {online("wrong", "train.recipe=samsr diffusion.kappa=1.5"), "diffusion.kappa"},
  };
  for (const auto& [command, expected] : cases) {
    const Outcome outcome = run(samsr(command + " train.steps=1"));
    EXPECT_EQ(outcome.status, 2) << command << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected));
  }
  const Outcome other = run(samsr(online("other_teacher", "train.recipe=resshift train.steps=1 train.seed=5")));
  ASSERT_EQ(other.status, 0) << other.output;
  const Outcome outcome = run(samsr(cached("wrong", "train.steps=1 train.teacher_weights=" + in("other_teacher"))));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("do not fit the teacher"), HasSubstr("other_teacher")));
}

TEST_F(CachedRollouts, NeedNoTeacherWhenTheStudentStartsFromElsewhere) {
  const Outcome outcome = run(samsr(cached("random", "train.steps=2 train.teacher_weights= train.init=random")));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

TEST_F(CachedRollouts, DamagedSamplesAreLeftOutAlikeOnAnyRanksAndCounted) {
  const std::string shards = damaged_shards("damaged", {3, 17});
  const std::string more = shards + "train.steps=6 data.max_bad=2";
  const Outcome one = run(samsr(cached("bad_one", more)));
  ASSERT_EQ(one.status, 0) << one.output;
  EXPECT_THAT(one.output, HasSubstr("fails its checksum and is left out"));
  const Outcome two = run(samsr_on(2, cached("bad_two", more)));
  ASSERT_EQ(two.status, 0) << two.output;
  expect_equal_losses("bad_one", "bad_two", 6, 1e-5);
  for (const char* out : {"bad_one", "bad_two"}) {
    EXPECT_EQ(metrics(out).back().value("bad_samples", 0), 2) << out;
  }
}

TEST_F(CachedRollouts, TooManyDamagedSamplesOnAllRanksTogetherStopTheRun) {
  // Without shuffling, each of two ranks meets two of the four in the first epoch.
  const std::string shards = damaged_shards("too_many", {0, 2, 5, 7});
  for (const int ranks : {1, 2}) {
    const std::string out = "stopped_" + std::to_string(ranks);
    const std::string command = cached(out, shards + "data.shuffle=false train.steps=6 data.max_bad=3");
    const Outcome outcome = ranks == 1 ? run(samsr(command)) : run(samsr_on(ranks, command));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("4 samples failed their checksum"), HasSubstr("data.max_bad=3")));
    EXPECT_EQ(outcome.output.find("failed their checksum"), outcome.output.rfind("failed their checksum"))
        << "one line\n"
        << outcome.output;
    EXPECT_EQ(metrics(out).size(), 1U) << "the first step met two, the second two more";
  }
}

}  // namespace
}  // namespace samsr::testing
