// Training through the program itself: any number of ranks, resumption, signals, faults.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launch/trained_runs.h"
#include "models/weights/safetensors.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class TrainVerb : public TrainedRuns {};

class TrainRecipe : public TrainVerb, public ::testing::WithParamInterface<const char*> {};

TEST_P(TrainRecipe, GivesTheSameLossesOnOneAndTwoRanks) {
  const std::string recipe = std::string("train.recipe=") + GetParam() + " train.steps=20 train.checkpoint_every=100";
  const std::string name = GetParam();
  const Outcome one = run(samsr(train(name + "_one", recipe)));
  const Outcome two = run(samsr_on(2, train(name + "_two", recipe)));
  ASSERT_EQ(one.status, 0) << one.output;
  ASSERT_EQ(two.status, 0) << two.output;
  const auto lines = metrics(name + "_one");
  ASSERT_EQ(lines.size(), 20U);
  expect_equal_figures(lines, metrics(name + "_two"), {"loss"}, 1e-5);
  EXPECT_NE(lines[0]["loss"], lines[1]["loss"]);
}

TEST_P(TrainRecipe, ResumesBitForBit) {
  const std::string recipe = std::string("train.recipe=") + GetParam();
  const std::string name = GetParam();
  ASSERT_EQ(run(samsr(train(name + "_straight", recipe + " train.steps=20"))).status, 0);
  ASSERT_EQ(run(samsr(train(name + "_resumed", recipe + " train.steps=10"))).status, 0);
  const Outcome resumed = run(samsr(train(name + "_resumed", recipe + " train.steps=20")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  const auto lines = metrics(name + "_resumed");
  ASSERT_EQ(lines.size(), 20U);
  expect_equal_figures(metrics(name + "_straight"), lines, {"loss", "grad_norm"});
  expect_equal_checkpoints(in(name + "_straight/step-00000020"), in(name + "_resumed/step-00000020"));
}

INSTANTIATE_TEST_SUITE_P(Recipes, TrainRecipe, ::testing::Values("resshift", "sinsr", "samsr"));

TEST_F(TrainVerb, PlainKernelsAreLibTorchsAlone) {
  const std::string samsr_run = "train.recipe=samsr train.steps=3 train.checkpoint_every=3";
  ASSERT_EQ(run(samsr(train("own", samsr_run))).status, 0);
  ASSERT_EQ(run(samsr(train("plain", samsr_run + " train.kernels=plain"))).status, 0);
  ASSERT_EQ(run("SAMSR_PLAIN=1 " + samsr(train("by_environment", samsr_run))).status, 0);
  expect_equal_checkpoints(in("by_environment/step-00000003"), in("plain/step-00000003"));
  expect_equal_figures(metrics("own"), metrics("plain"), {"loss"}, 1e-4);
  EXPECT_NE(metrics("own").back()["grad_norm"],
            metrics("plain").back()["grad_norm"]);  // rounded otherwise: other kernels did compute
}

TEST_F(TrainVerb, ASignalSavesAndEndsWithZeroAndTheRunGoesOn) {
  for (const char* signal : {"TERM", "USR1"}) {
    const std::string out = std::string("signal_") + signal;
    const std::string command =
        samsr(train(out, "train.recipe=samsr train.steps=100000 train.checkpoint_every=100000"));
    const Outcome stopped = run("timeout --signal=" + std::string(signal) + " --preserve-status 8 env " + command);
    EXPECT_EQ(stopped.status, 0) << stopped.output;
    EXPECT_THAT(stopped.output, HasSubstr("stopped by a signal"));
    const auto steps = metrics(out).size();
    EXPECT_GT(steps, 0U);
    const Outcome resumed = run(samsr(train(out, "train.recipe=samsr train.steps=" + std::to_string(steps + 2))));
    EXPECT_EQ(resumed.status, 0) << resumed.output;
    EXPECT_EQ(metrics(out).size(), steps + 2);
  }
}

TEST_F(TrainVerb, AFlippedByteInACheckpointFallsBackToTheOneBefore) {
  ASSERT_EQ(run(samsr(train("flipped", "train.recipe=resshift train.steps=10"))).status, 0);
  const fs::path damaged = in("flipped/step-00000010/optimizer.safetensors");
  flip_byte(damaged, fs::file_size(damaged) / 2);
  const Outcome resumed = run(samsr(train("flipped", "train.recipe=resshift train.steps=12")));
  EXPECT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("damaged"));
  EXPECT_THAT(resumed.output, HasSubstr("step-00000005"));
  EXPECT_EQ(metrics("flipped").size(), 12U);
}

TEST_F(TrainVerb, ANewRunInAnOldFolderLosesNothing) {
  ASSERT_EQ(run(samsr(train("again", "train.recipe=resshift train.steps=5"))).status, 0);
  const Outcome again = run(samsr(train("again", "train.recipe=resshift train.steps=5 train.resume=never")));
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_TRUE(fs::exists(in("again/previous-1/step-00000005/state.json")));
  EXPECT_EQ(metrics("again").size(), 5U);
  const Outcome tried = run(samsr(train("again", "train.recipe=resshift train.steps=5 --dry-run")));
  EXPECT_EQ(tried.status, 0) << tried.output;
  EXPECT_THAT(tried.output, HasSubstr("without --dry-run has nothing to do: 5 of 5 steps are done"));
}

TEST_F(TrainVerb, ARunThatIsFiniteInNoStepNamesNoCheckpoint) {
  TensorFile student = read_safetensors(shared_teacher() / "step-00000004/student.safetensors");
  for (auto& [name, weights] : student.tensors) {
    if (weights.dim() == 4) {
      weights = weights * 1e30;
    }
  }
  write_safetensors(in("huge.safetensors"), student);
  const std::string command = train("huge", "train.recipe=resshift train.steps=3 train.init=" + in("huge.safetensors"));
  const Outcome tried = run(samsr(command + " --dry-run"));
  EXPECT_EQ(tried.status, 2) << tried.output;
  EXPECT_THAT(tried.output, HasSubstr("no step has a finite loss"));
  for (const std::string& each : {samsr(command), samsr_on(2, command)}) {
    const Outcome outcome = run(each);
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("the last 3 steps were not finite"));
    EXPECT_THAT(outcome.output, HasSubstr("there is no checkpoint"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("done at step")));
  }
}

TEST_F(TrainVerb, WhatDoesNotFitIsSaidInOneLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"train.recipe=samsr train.teacher_weights=/nowhere", "/nowhere"},
      {"train.recipe=samsr train.teacher_weights=", "train.teacher_weights is not set"},
      {"train.recipe=resshift unet.image_size=32 unet.window_size=32 'unet.attention_resolutions=[32, 16]'",
       "works on LR images whose sides are multiples of 32"},
      {"train.shards=/nowhere", "/nowhere"},
      {"train.recipe=resshift data.scale=2", "scale"},
      {"train.recipe=resshift unet.out_channels=3 unet.in_channels=6", "channels"},
      {"train.recipe=resshift train.resume=/nowhere", "/nowhere"},
      {"train.recipe=resshift train.device=cuda", "GPU"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run(samsr(train("wrong", settings)));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
