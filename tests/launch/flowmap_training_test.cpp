// train.recipe=flowmap through the program: ranks and microbatches, resuming, first weights, its file at work, what
// does not fit.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "data/images/image_file.h"
#include "launch/trained_runs.h"
#include "models/super_resolution/super_resolution_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FlowMapTraining : public TrainedRuns {
 protected:
  /// Four images a step, three of them points.
  static std::string flowmap(const std::string& out, const std::string& more) {
    return train(out,
                 " train.recipe=flowmap unet.flow_map=true train.teacher_weights= train.beta2=0.95"
                 " train.weight_decay=1e-2 train.clip=1 flowmap.p_neg=0.25 " +
                     more);
  }
};

TEST_F(FlowMapTraining, GivesTheSameLossesOnOneAndTwoRanksAndInAnyMicrobatches) {
  // From a denoiser's weights: a fresh network answers 0, and of that the halves of an interval are the whole.
  for (const char* variant : {"shortcut", "lagrangian", "eulerian"}) {
    const std::string steps = fmt::format(
        "flowmap.variant={} train.steps=8 train.checkpoint_every=100 train.lr=1e-4 train.eps=1e-4 train.init={} ",
        variant, shared_teacher().string());
    const std::string name(variant);
    const Outcome one = run(samsr(flowmap("one_" + name, steps + "train.microbatch=4")));
    const Outcome two = run(samsr_on(2, flowmap("two_" + name, steps + "train.microbatch=1")));
    ASSERT_EQ(one.status, 0) << one.output;
    ASSERT_EQ(two.status, 0) << two.output;
    const auto lines = metrics("one_" + name);
    ASSERT_EQ(lines.size(), 8U);
    const auto others = metrics("two_" + name);
    expect_equal_figures(lines, others, {"loss", "diagonal"}, 1e-5);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      // What an interval and its halves differ by is small beside either, and so beside their roundings.
      EXPECT_NEAR(lines[i]["off"].get<double>(), others[i]["off"].get<double>(), 1e-5 * lines[i]["loss"].get<double>());
      EXPECT_GT(lines[i]["off"].get<double>(), 0);
    }
    EXPECT_THAT(one.output, HasSubstr(name + " targets of"));
  }
}

TEST_F(FlowMapTraining, ResumesBitForBit) {
  for (const std::string variant : {"shortcut", "eulerian"}) {
    const std::string of = "flowmap.variant=" + variant + " ";
    ASSERT_EQ(run(samsr(flowmap("straight_" + variant, of + "train.steps=10"))).status, 0);
    ASSERT_EQ(run(samsr(flowmap("resumed_" + variant, of + "train.steps=5"))).status, 0);
    const Outcome resumed = run(samsr(flowmap("resumed_" + variant, of + "train.steps=10")));
    ASSERT_EQ(resumed.status, 0) << resumed.output;
    EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
    expect_equal_checkpoints(in("straight_" + variant) / "step-00000010", in("resumed_" + variant) / "step-00000010");
  }
  const Outcome other = run(samsr(flowmap("resumed_shortcut", "flowmap.sigma=0.1 train.steps=12")));
  EXPECT_THAT(other.output, HasSubstr("flowmap.sigma"));
}

TEST_F(FlowMapTraining, StartsFromADenoisersWeightsAndItsFileUpscales) {
  const Outcome trained = run(
      samsr(flowmap("from_teacher", "train.steps=3 flowmap.intervals=dyadic train.init=" + shared_teacher().string())));
  ASSERT_EQ(trained.status, 0) << trained.output;
  const fs::path model = in("from_teacher/step-00000003/ema.safetensors");
  EXPECT_TRUE(load_model(model).method->flow_map);

  const fs::path picture = list_images(shared_photographs()).front();
  const std::string upscale = "upscale " + picture.string() + " ";
  const std::string tail = " --model " + model.string() + " train.threads=1 upscale.tile=48 upscale.overlap=8 ";
  ASSERT_EQ(run(samsr(upscale + (in("one.png")).string() + tail)).status, 0);
  const Outcome four = run(samsr(upscale + in("four.png").string() + tail + "upscale.steps=4 upscale.guidance=infer"));
  ASSERT_EQ(four.status, 0) << four.output;
  EXPECT_THAT(four.output, HasSubstr("flow map in 4 steps, guided by"));
  const cv::Mat one = read_image(in("one.png")).rgb;
  const cv::Mat other = read_image(in("four.png")).rgb;
  ASSERT_EQ(one.size(), other.size());
  EXPECT_GT(cv::norm(one, other, cv::NORM_INF), 0);
  const Outcome noise = run(samsr(upscale + in("noise.png").string() + tail + "--noise plain"));
  EXPECT_EQ(noise.status, 2);
  EXPECT_THAT(noise.output, HasSubstr("without noise"));
}

TEST_F(FlowMapTraining, WhatDoesNotFitIsSaidInOneLine) {
  const std::pair<std::string, const char*> cases[] = {
      {"unet.flow_map=false", "unet.flow_map is false"},
      {"train.recipe=resshift", "unet.flow_map is true"},
      {"flowmap.variant=lagrangian flowmap.time_scale=20", "flowmap.time_scale is 20"},
      {"flowmap.diag_fraction=0.1", "flowmap.diag_fraction 0.1"},
      {"flowmap.condition=z_src", "unet.in_channels"},
      {"flowmap.variant=straight", "flowmap.variant"},
      {"samsr.mask_noise=true", "samsr.mask_noise"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run(samsr(flowmap("wrong", settings + " train.steps=1")));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
