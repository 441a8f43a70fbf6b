// RSD trained through the program: with official files of LPIPS made by rule, on ranks, killed, resumed, and used.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "launch/running.h"
#include "launch/trained_runs.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RsdTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    write_alexnet_of_lpips(in("weights"));
    succeed(samsr(rsd("whole", "train.steps=12")));
  }

  static std::string rsd(const std::string& out, const std::string& more) {
    return train(out,
                 "train.recipe=rsd unet.noise_channels=1 rsd.fake_steps=2 rsd.node_count=2 rsd.fake.lr=1e-3"
                 " train.checkpoint_every=4 weights.folder=" +
                     in("weights") + " " + more);
  }
  static void expect_the_same_end(const std::string& out) {
    expect_equal_figures(metrics("whole"), metrics(out), {"loss", "grad_norm", "fake_loss", "lpips", "gan"});
    for (const char* part : {"student", "ema", "optimizer", "fake", "fake-optimizer"}) {
      const std::string file = std::string("step-00000012/") + part + ".safetensors";
      EXPECT_EQ(read_file(in("whole") / file), read_file(in(out) / file)) << part;
    }
  }
};

TEST_F(RsdTraining, GivesTheSameLossesOnOneAndTwoRanks) {
  const OnOneAndTwoRanks found =
      expect_the_same_on_two_ranks(rsd, "train.lr=5e-5 rsd.fake.lr=5e-5 train.eps=1e-4 rsd.fake.eps=1e-4",
                                   {"loss", "fake_loss", "fake_mse", "lpips"});
  EXPECT_THAT(found.two.output,
              AllOf(HasSubstr("LPIPS of the decoded prediction"), HasSubstr("answers at steps 1, 2")));
  const auto& lines = found.lines;
  ASSERT_GT(lines.size(), 1U);
  EXPECT_NE(lines[0]["loss"], lines[1]["loss"]);
  EXPECT_GT(lines[0]["lpips"].get<double>(), 1e-4);
  EXPECT_TRUE(lines[0].contains("fake_accuracy"));
}

TEST_F(RsdTraining, LogsTheGradientOfEachTerm) {
  expect_term_gradients(rsd, {"grad_distill", "grad_lpips", "grad_gan", "fake_grad_mse", "fake_grad_gan"});
}

TEST_F(RsdTraining, ResumesBitForBit) {
  succeed(samsr(rsd("resumed", "train.steps=8")));
  succeed(samsr(rsd("resumed", "train.steps=12")));
  expect_the_same_end("resumed");
  const Outcome other = run(samsr(rsd("resumed", "train.steps=14 rsd.fake_steps=3")));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("rsd.fake_steps: 2 → 3"));
}

TEST_F(RsdTraining, KilledAnywhereItEndsInTheSameBytes) {
  for (const std::ptrdiff_t line : {5, 10}) {
    Running running(samsr(rsd("killed", "train.steps=12 train.log_every=1")));
    ASSERT_TRUE(running.until([&] {
      const fs::path lines = in("killed/metrics.jsonl");
      return fs::exists(lines) && std::ranges::count(read_file(lines), '\n') >= line;
    }));
  }
  succeed(samsr(rsd("killed", "train.steps=12")));
  expect_the_same_end("killed");
}

TEST_F(RsdTraining, ItsStudentUpscales) {
  const fs::path picture = shared_photographs() / "niqe0.png";
  const std::string model = in("whole/step-00000012/ema.safetensors").string();
  const Outcome whole = run(samsr("upscale " + picture.string() + " " + in("a.png").string() + " --model " + model));
  ASSERT_EQ(whole.status, 0) << whole.output;
  EXPECT_THAT(whole.output, HasSubstr("one step, plain noise"));
  succeed(samsr("upscale " + picture.string() + " " + in("b.png").string() + " --model " + model));
  EXPECT_EQ(read_file(in("a.png")), read_file(in("b.png")));
  const Outcome many = run(
      samsr("upscale " + picture.string() + " " + in("c.png").string() + " upscale.sampler=rollout --model " + model));
  EXPECT_EQ(many.status, 2);
  EXPECT_THAT(many.output, HasSubstr("answers in one step"));
}

TEST_F(RsdTraining, WhatDoesNotFitIsSaidInOneLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"train.teacher=cached", "train.teacher is cached"},
      {"train.teacher_weights=", "train.teacher_weights is not set"},
      {"weights.folder=/nowhere", "rsd.lambda_lpips is 2: alexnet-owt-7be5be79.pth is missing"},
      {"'rsd.nodes=[1]'", "rsd.nodes must rise and end at 2"},
      {"rsd.node_count=9", "rsd.node_count is 9"},
      {"rsd.lambda_lpips=0 rsd.lambda_perceptual=2 weights.folder=/nowhere",
       "rsd.lambda_perceptual is 2: taesana_encoder.pth is missing"},
      {"rsd.head_kernel=8", "rsd.head_kernel is 8"},
      {"train.recipe=sinsr", "unet.noise_channels is 1: train.recipe=sinsr"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run("HOME=/nowhere TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere " +
                                samsr(rsd("wrong", std::string("train.steps=1 ") + settings)));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
