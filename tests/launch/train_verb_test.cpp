// Training through the program itself: any number of ranks, resumption, signals, faults.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "program.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TrainVerb : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("train_verb");
    const Outcome built = build_shards(*folder_);
    ASSERT_EQ(built.status, 0) << built.output;
    const Outcome taught = run(samsr(arguments("teacher", "train.recipe=resshift train.steps=4")));
    ASSERT_EQ(taught.status, 0) << taught.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string arguments(const std::string& out, const std::string& more) {
    return "train" + std::string(kTinySettings) + "train.global_batch=4 train.microbatch=2 train.lr=1e-3" +
           " 'train.milestones=[2]' train.seed=9 train.threads=1 train.checkpoint_every=5 train.shards=" +
           (*folder_ / "shards") + " train.out=" + (*folder_ / out) +
           " train.teacher_weights=" + (*folder_ / "teacher") + " " + more;
  }

  static std::vector<nlohmann::json> metrics(const std::string& out) { return metrics_of(*folder_ / out); }

  static TemporaryFolder* folder_;
};

TemporaryFolder* TrainVerb::folder_ = nullptr;

class TrainRecipe : public TrainVerb, public ::testing::WithParamInterface<const char*> {};

TEST_P(TrainRecipe, GivesTheSameLossesOnOneAndTwoRanks) {
  const std::string recipe = std::string("train.recipe=") + GetParam() + " train.steps=20 train.checkpoint_every=100";
  const std::string name = GetParam();
  const Outcome one = run(samsr(arguments(name + "_one", recipe)));
  const Outcome two = run(samsr_on(2, arguments(name + "_two", recipe)));
  ASSERT_EQ(one.status, 0) << one.output;
  ASSERT_EQ(two.status, 0) << two.output;
  const auto a = metrics(name + "_one");
  const auto b = metrics(name + "_two");
  ASSERT_EQ(a.size(), 20U);
  ASSERT_EQ(b.size(), 20U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double loss = a[i]["loss"];
    EXPECT_NEAR(loss, b[i]["loss"].get<double>(), 1e-5 * std::abs(loss)) << "step " << i + 1;
  }
  EXPECT_NE(a[0]["loss"], a[1]["loss"]);
}

TEST_P(TrainRecipe, ResumesBitForBit) {
  const std::string recipe = std::string("train.recipe=") + GetParam();
  const std::string name = GetParam();
  ASSERT_EQ(run(samsr(arguments(name + "_straight", recipe + " train.steps=20"))).status, 0);
  ASSERT_EQ(run(samsr(arguments(name + "_resumed", recipe + " train.steps=10"))).status, 0);
  const Outcome resumed = run(samsr(arguments(name + "_resumed", recipe + " train.steps=20")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  const auto a = metrics(name + "_straight");
  const auto b = metrics(name + "_resumed");
  ASSERT_EQ(b.size(), 20U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i]["loss"].get<double>(), b[i]["loss"].get<double>()) << "step " << i + 1;
    EXPECT_EQ(a[i]["grad_norm"].get<double>(), b[i]["grad_norm"].get<double>()) << "step " << i + 1;
  }
  for (const char* file : {"student.safetensors", "ema.safetensors"}) {
    // The files differ in the recorded paths and steps; the tensors' bytes lie at the end.
    const std::string x = read_file(*folder_ / (name + "_straight/step-00000020/" + file));
    const std::string y = read_file(*folder_ / (name + "_resumed/step-00000020/" + file));
    const std::size_t tail = std::min(x.size(), y.size()) / 2;
    EXPECT_EQ(x.substr(x.size() - tail), y.substr(y.size() - tail)) << file;
  }
}

INSTANTIATE_TEST_SUITE_P(Recipes, TrainRecipe, ::testing::Values("resshift", "sinsr", "samsr"));

TEST_F(TrainVerb, ASignalSavesAndEndsWithZeroAndTheRunGoesOn) {
  for (const char* signal : {"TERM", "USR1"}) {
    const std::string out = std::string("signal_") + signal;
    const std::string command =
        samsr(arguments(out, "train.recipe=samsr train.steps=100000 train.checkpoint_every=100000"));
    const Outcome stopped = run("timeout --signal=" + std::string(signal) + " --preserve-status 8 env " + command);
    EXPECT_EQ(stopped.status, 0) << stopped.output;
    EXPECT_THAT(stopped.output, HasSubstr("stopped by a signal"));
    const auto steps = metrics(out).size();
    EXPECT_GT(steps, 0U);
    const Outcome resumed = run(samsr(arguments(out, "train.recipe=samsr train.steps=" + std::to_string(steps + 2))));
    EXPECT_EQ(resumed.status, 0) << resumed.output;
    EXPECT_EQ(metrics(out).size(), steps + 2);
  }
}

TEST_F(TrainVerb, AFlippedByteInACheckpointFallsBackToTheOneBefore) {
  ASSERT_EQ(run(samsr(arguments("flipped", "train.recipe=resshift train.steps=10"))).status, 0);
  const fs::path damaged = *folder_ / "flipped/step-00000010/optimizer.safetensors";
  std::string bytes = read_file(damaged);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::ofstream(damaged, std::ios::binary) << bytes;
  const Outcome resumed = run(samsr(arguments("flipped", "train.recipe=resshift train.steps=12")));
  EXPECT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("damaged"));
  EXPECT_THAT(resumed.output, HasSubstr("step-00000005"));
  EXPECT_EQ(metrics("flipped").size(), 12U);
}

TEST_F(TrainVerb, ANewRunInAnOldFolderLosesNothing) {
  ASSERT_EQ(run(samsr(arguments("again", "train.recipe=resshift train.steps=5"))).status, 0);
  const Outcome again = run(samsr(arguments("again", "train.recipe=resshift train.steps=5 train.resume=never")));
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_TRUE(fs::exists(*folder_ / "again/previous-1/step-00000005/state.json"));
  EXPECT_EQ(metrics("again").size(), 5U);
}

TEST_F(TrainVerb, WhatDoesNotFitIsSaidInOneLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"train.recipe=samsr train.teacher_weights=/nowhere", "/nowhere"},
      {"train.recipe=samsr train.teacher_weights=", "train.teacher_weights is not set"},
      {"train.shards=/nowhere", "/nowhere"},
      {"train.recipe=resshift data.scale=2", "scale"},
      {"train.recipe=resshift unet.out_channels=3 unet.in_channels=6", "channels"},
      {"train.recipe=resshift train.resume=/nowhere", "/nowhere"},
      {"train.recipe=resshift train.device=cuda", "GPU"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run(samsr(arguments("wrong", settings)));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
