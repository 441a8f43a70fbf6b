// train.recipe=tadsr through the program: ranks and microbatches, kills, cached rollouts, masks, what does not fit.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "launch/trained_runs.h"
#include "models/super_resolution/super_resolution_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kTadsr =
    " train.recipe=tadsr distill.lambda_inverse=0 distill.lambda_gt=0 distill.lambda_hsd=1 "
    "distill.lambda_adversarial=0.02 discriminator.lr=1e-3 discriminator.c_dim=4 ";

class TadsrTraining : public TrainedRuns {
 protected:
  static std::string tadsr(const std::string& out, const std::string& more) { return train(out, kTadsr + more); }
};

void expect_equal_parts(const fs::path& one, const fs::path& other) {
  expect_equal_checkpoints(one, other);
  for (const char* part : {"discriminator.safetensors", "discriminator-optimizer.safetensors"}) {
    EXPECT_EQ(read_file(one / part), read_file(other / part)) << part;
  }
}

TEST_F(TadsrTraining, GivesTheSameLossesOnOneAndTwoRanksAndInAnyMicrobatches) {
  // Roundings differ, and two things make more of them: a leaky ReLU whose input they carry over 0, and AdamW without
  // an ε of some size, since the discriminator starts indifferent: what pulls at most of its weights is rounding. The
  // total is no figure to compare by: hsd's value, of which only the gradient means anything, is a sum of both signs
  // about 0.
  const OnOneAndTwoRanks found =
      expect_the_same_on_two_ranks(tadsr, "train.lr=5e-5 train.eps=1e-4 discriminator.eps=1e-4 discriminator.slope=1",
                                   {"distill", "discriminator_loss"});
  ASSERT_GT(found.lines.size(), 1U);
  EXPECT_NE(found.lines[0]["discriminator_loss"], found.lines[1]["discriminator_loss"]);
  EXPECT_THAT(found.one.output, HasSubstr("discriminator"));
}

TEST_F(TadsrTraining, LogsTheGradientOfEachTerm) {
  expect_term_gradients(tadsr, {"grad_distill", "grad_hsd", "grad_adversarial"});
}

TEST_F(TadsrTraining, ResumesBitForBitAlsoAfterAKill) {
  ASSERT_EQ(run(samsr(tadsr("straight", "train.steps=20"))).status, 0);
  // Anywhere: between the moves too.
  run("timeout --signal=KILL 8 env " + samsr(tadsr("killed", "train.steps=100000")));
  const auto done = static_cast<std::int64_t>(metrics("killed").size());
  ASSERT_GT(done, 0);
  ASSERT_EQ(run(samsr(tadsr("resumed", "train.steps=10"))).status, 0);
  const Outcome resumed = run(samsr(tadsr("resumed", "train.steps=20")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  expect_equal_parts(in("straight/step-00000020"), in("resumed/step-00000020"));
  const std::string last = "train.steps=" + std::to_string(done + 7) + " train.log_every=1";
  const Outcome after = run(samsr(tadsr("killed", last)));
  ASSERT_EQ(after.status, 0) << after.output;
  ASSERT_EQ(run(samsr(tadsr("never_killed", last))).status, 0);
  const std::string checkpoint = fmt::format("step-{:08}", done + 7);
  expect_equal_parts(in("never_killed") / checkpoint, in("killed") / checkpoint);
  EXPECT_THAT(after.output, HasSubstr("  D "));
}

TEST_F(TadsrTraining, CachedRolloutsOfSinsrServeIt) {
  const fs::path shards = in("shards");
  fs::copy(shared_shards(), shards, fs::copy_options::recursive);
  succeed(samsr(build(shards, "--stage rollout train.recipe=sinsr rollout.count=1 train.teacher_weights=" +
                                  shared_teacher().string())));
  const Outcome cached =
      run(samsr(tadsr("cached", "train.steps=2 train.teacher=cached train.shards=" + shards.string())));
  ASSERT_EQ(cached.status, 0) << cached.output;
  EXPECT_THAT(cached.output, HasSubstr("1 rollout of each sample"));
  const Outcome masked = run(samsr(tadsr(
      "cached_masked", "train.steps=2 train.teacher=cached samsr.mask_noise=true train.shards=" + shards.string())));
  EXPECT_EQ(masked.status, 2) << masked.output;
  EXPECT_THAT(masked.output, HasSubstr("the cached rollouts do not fit"));
}

TEST_F(TadsrTraining, WithMasksItIsSamsrWithACriticAndItsFileSaysSo) {
  const Outcome trained =
      run(samsr(tadsr("masked", "train.steps=2 samsr.mask_noise=true discriminator.judge_every=2")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr("of its logits over 2 steps"));
  const LoadedModel model = load_model(in("masked/step-00000002/ema.safetensors"));
  EXPECT_TRUE(masks_shape_noise(*model.method, model.model->settings().sam));
}

TEST_F(TadsrTraining, WhatDoesNotFitIsSaidInOneLine) {
  const std::pair<std::string, const char*> cases[] = {
      {"distill.lambda_hsd=0 distill.lambda_adversarial=0", "has neither of its losses"},
      {"train.recipe=samsr distill.lambda_adversarial=0 samsr.mask_noise=false", "samsr.mask_noise is false"},
      {"discriminator.groups=5", "discriminator.groups is 5"},
      {"discriminator.kernel=4", "discriminator.kernel"},
      {"discriminator.kernel=255", "too wide for the teacher's coarsest features"},
      {"hsd.steps=100", "hsd.steps is 100"},
      {"train.teacher_weights=/nowhere", "/nowhere"},
      {"train.teacher_weights=", "train.teacher_weights is not set"},
      {"samsr.mask_noise=yes", "samsr.mask_noise"},
      {"discriminator.loss=wasserstein", "discriminator.loss"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run(samsr(tadsr("wrong", settings + " train.steps=1")));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
