// A flow map through the program: one for several scales, and its second stage, with adapters against a critic.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "data/images/image_file.h"
#include "launch/trained_runs.h"
#include "models/lora/adapter_file.h"
#include "models/weights/safetensors.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kFlowMap = " train.recipe=flowmap unet.flow_map=true ";
// What a rounding makes of a leaky ReLU, and of a discriminator that starts indifferent, is another matter.
constexpr const char* kSecondStage =
    " train.recipe=flowmap_adversarial unet.flow_map=true semantic.loss=none distill.lambda_distill=0 "
    "distill.lambda_inverse=0 distill.lambda_gt=0 distill.lambda_truth=1 distill.lambda_adversarial=0.1 "
    "discriminator.c_dim=4 discriminator.slope=1 discriminator.eps=1e-4 train.eps=1e-4 train.lora.rank=4 ";

class FlowMapStagesTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr(build(in("shards"), "'data.scales=[4, 8]' data.samples_per_shard=5")));
    succeed(samsr(train("first", flow_map() + "train.steps=4")));
    succeed(samsr("data export " + shared_shards() + " " + in("exported") + " --count 1"));
  }

  static std::string flow_map() { return kFlowMap + ("train.shards=" + in("shards").string() + " "); }
  static std::string second(const std::string& out, const std::string& more) {
    return train(out, kSecondStage + ("train.shards=" + in("shards").string() +
                                      " train.teacher_weights=" + in("first").string() + " " + more));
  }

  static std::size_t width_of_result(const std::string& arguments) {
    const fs::path out = in("made") / std::to_string(std::hash<std::string>()(arguments));
    succeed(samsr("upscale " + in("exported/lq") + " " + out + " " + arguments));
    for (const auto& entry : fs::directory_iterator(out)) {
      if (entry.path().extension() == ".png") {
        return static_cast<std::size_t>(read_image(entry.path()).rgb.cols);
      }
    }
    return 0;
  }
};

TEST_F(FlowMapStagesTraining, OneModelEnlargesByEveryFactor) {
  const std::string model = "--model " + in("first").string();
  const std::size_t four = width_of_result(model);
  ASSERT_GT(four, 0U);
  EXPECT_EQ(width_of_result(model + " --scale 4"), four);
  EXPECT_EQ(width_of_result(model + " --scale 8"), 2 * four);
  EXPECT_EQ(width_of_result(model + " --scale 2"), four / 2);
  EXPECT_EQ(width_of_result(model + " --scale 8 upscale.tile=16 upscale.overlap=8"), 2 * four);
  const Outcome other = run(samsr("upscale " + in("exported/lq") + " " + in("other") + " --scale 8"));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("enlarges 4 times, and upscale.scale is 8; a flow map alone has any factor"));
}

TEST_F(FlowMapStagesTraining, StepsAreAFlowMapsAndOthersHaveNoneToChoose) {
  const std::string upscale = "upscale " + in("exported/lq").string() + " " + in("stepped").string() + " --steps 3 ";
  const std::string first = "--model " + in("first").string() + " ";
  EXPECT_THAT(succeed(samsr(upscale + first)), HasSubstr("flow map in 3 steps,"));
  const std::string eval = "eval --lq " + in("exported/lq").string() + " --ref " + in("exported/gt").string() +
                           " --metrics psnr_y --out " + in("evaluated").string() + " --steps 3 ";
  EXPECT_THAT(succeed(samsr(eval + first)), HasSubstr("flow map in 3 steps,"));
  const std::pair<std::string, const char*> mistakes[] = {
      {upscale, "--steps 3: embedded answers in one step; only flow maps and LDM-SR have a choice of steps"},
      {upscale + "--model " + shared_teacher().string(), "samples in the 3 steps that it was trained with"},
      {eval + "--model " + shared_teacher().string(), "samples in the 3 steps that it was trained with"},
      {upscale + first + "upscale.steps=2", "--steps is short for upscale.steps"},
      {"upscale a b --steps 0", "expected a whole number of at least 1"},
  };
  for (const auto& [command, message] : mistakes) {
    const Outcome outcome = run(samsr(command));
    EXPECT_EQ(outcome.status, 2) << command;
    EXPECT_THAT(outcome.output, HasSubstr(message)) << command;
  }
}

TEST_F(FlowMapStagesTraining, AdaptersBesideADenoisersWeightsNeedThoseAlone) {
  succeed(samsr(train("adapted", flow_map() +
                                     "train.steps=2 train.seed=9 train.lora.rank=2 train.lora.targets="
                                     "'[attn.qkv, interval_embed.0, interval_embed.2]' train.init=" +
                                     shared_teacher().string())));
  const std::string adapted = "--model " + in("adapted").string();
  const std::size_t four = width_of_result(adapted);
  EXPECT_GT(four, 0U);
  EXPECT_EQ(
      width_of_result("--scale 8 --steps 2 --model " + shared_teacher().string() + " --lora " + in("adapted").string()),
      2 * four);
  succeed(samsr("weights merge " + shared_teacher().string() + " " + in("merged.safetensors").string() + " --lora " +
                in("adapted").string()));
  EXPECT_EQ(width_of_result("--model " + in("merged.safetensors").string()), four);
}

TEST_F(FlowMapStagesTraining, SeveralScalesGiveTheSameLossesOnOneAndTwoRanksAndAreForFlowMaps) {
  ASSERT_EQ(run(samsr(train("mixed_one", flow_map() + "train.steps=10 train.checkpoint_every=100"))).status, 0);
  ASSERT_EQ(run(samsr_on(2, train("mixed_two", flow_map() + "train.steps=10 train.checkpoint_every=100"))).status, 0);
  ASSERT_EQ(metrics("mixed_one").size(), 10U);
  expect_equal_figures(metrics("mixed_one"), metrics("mixed_two"), {"loss"}, 1e-5);
  const Outcome refused = run(samsr(train("refused", "train.recipe=resshift train.shards=" + in("shards").string())));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("of which a flow map alone learns several"));
}

TEST_F(FlowMapStagesTraining, FreshPairsOfSeveralScalesAreTheSameForAnyRanksAndAfterAnInterruption) {
  const std::string fresh = std::string(kFlowMap) +
                            "data.degrade=online train.shards= data.images=" + shared_photographs().string() +
                            " 'data.scales=[4, 8]' train.checkpoint_every=100 ";
  ASSERT_EQ(run(samsr(train("fresh_one", fresh + "train.steps=10"))).status, 0);
  ASSERT_EQ(run(samsr_on(2, train("fresh_two", fresh + "train.steps=10"))).status, 0);
  ASSERT_EQ(metrics("fresh_one").size(), 10U);
  expect_equal_figures(metrics("fresh_one"), metrics("fresh_two"), {"loss"}, 1e-5);
  ASSERT_EQ(run(samsr(train("fresh_cut", fresh + "train.steps=5"))).status, 0);
  const Outcome resumed = run(samsr(train("fresh_cut", fresh + "train.steps=10 data.loader_threads=2")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  expect_equal_checkpoints(in("fresh_one/step-00000010"), in("fresh_cut/step-00000010"));
  const Outcome other = run(samsr(train("fresh_cut", fresh + "train.steps=12 'data.scales=[8, 4]'")));
  EXPECT_EQ(other.status, 2) << other.output;
}

TEST_F(FlowMapStagesTraining, TheSecondStageGivesTheSameLossesOnOneAndTwoRanksAndInAnyMicrobatches) {
  const auto lines = expect_the_same_on_two_ranks(second, "", {"truth", "discriminator_loss"}).lines;
  ASSERT_GT(lines.size(), 1U);
  EXPECT_NE(lines[0]["discriminator_loss"], lines[1]["discriminator_loss"]);
}

TEST_F(FlowMapStagesTraining, TheSecondStageResumesBitForBitAndLeavesAdapters) {
  ASSERT_EQ(run(samsr(second("straight", "train.steps=10"))).status, 0);
  ASSERT_EQ(run(samsr(second("resumed", "train.steps=5"))).status, 0);
  const Outcome resumed = run(samsr(second("resumed", "train.steps=10")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  expect_equal_checkpoints(in("straight/step-00000010"), in("resumed/step-00000010"));
  const Adapters made = read_adapters(read_safetensors(in("straight/step-00000010/ema.safetensors")), "ema");
  EXPECT_EQ(made.rank, 4);
  EXPECT_EQ(made.file.metadata.at("kind"), "flow_map");
  EXPECT_EQ(width_of_result("--scale 8 --model " + in("straight").string()),
            2 * width_of_result("--model " + in("straight").string()));
}

TEST_F(FlowMapStagesTraining, WhatASecondStageCannotDoIsOneLine) {
  const std::pair<const char*, const char*> mistakes[] = {
      {"distill.lambda_distill=1", "has no rollout and no inverse to compare"},
      {"distill.lambda_adversarial=0", "without its critic"},
      {"semantic.loss=coverage_net", "a flow map has no masks"},
      {"'flowmap.critic_times=[]'", "flowmap.critic_times is empty"},
  };
  for (const auto& [setting, message] : mistakes) {
    const Outcome outcome = run(samsr(second("mistake", setting)));
    EXPECT_EQ(outcome.status, 2) << setting;
    EXPECT_THAT(outcome.output, HasSubstr(message)) << setting;
  }
  const Outcome teacher = run(samsr(second("mistake", "train.teacher_weights=" + shared_teacher().string())));
  EXPECT_EQ(teacher.status, 2);
  EXPECT_THAT(teacher.output, HasSubstr("is no flow map"));
}

}  // namespace
}  // namespace samsr::testing
