// train.recipe=regression through the program: ranks, stopping, both stages of Real-ESRGAN, validation, upscaling with
// what was trained, pairs made while training, what does not fit. Its losses: train_tests.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "eval/metric_weights_by_rule.h"
#include "launch/trained_runs.h"
#include "models/perceptual/vgg_features.h"
#include "models/weights/safetensors.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RegressionTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    fs::create_directories(in("weights"));
    const NamedWeights weights = weights_by_rule(vgg19_weights(), 1);
    write_safetensors(in("weights/vgg19-dcbb9e9d.pth"), {{weights.begin(), weights.end()}, {}});
  }

  static std::string net(const std::string& out, const std::string& more) {
    return train(out,
                 " train.recipe=regression network.num_feat=8 network.num_block=1 network.num_grow_ch=4 "
                 "network.num_conv=2 regression.usm_weight=0.5 weights.folder=" +
                     in("weights") + " " + more);
  }
  static std::string gan(const std::string& out, const std::string& more) {
    return net(out,
               "regression.lambda_perceptual=10 regression.lambda_adversarial=0.1 discriminator.sees=image "
               "discriminator.loss=softplus discriminator.channels=4 discriminator.lr=1e-3 " +
                   more);
  }
};

TEST_F(RegressionTraining, GivesTheSameLossesOnOneAndTwoRanksAndInAnyMicrobatches) {
  // As in tadsr_training_test.cpp: an ε of some size, so that no weight goes where a rounding pulls it.
  const std::string steps =
      "train.steps=10 train.checkpoint_every=100 train.lr=1e-4 train.eps=1e-4 discriminator.eps=1e-4 ";
  const Outcome one = run(samsr(gan("one", steps + "train.microbatch=4")));
  const Outcome two = run(samsr_on(2, gan("two", steps + "train.microbatch=1")));
  ASSERT_EQ(one.status, 0) << one.output;
  ASSERT_EQ(two.status, 0) << two.output;
  EXPECT_THAT(one.output,
              AllOf(HasSubstr("10 × the difference of features of VGG-19"), HasSubstr("discriminator"),
                    HasSubstr("sharpened (regression.usm_weight=0.5), but as it is for the discriminator")));
  const auto lines = metrics("one");
  ASSERT_EQ(lines.size(), 10U);
  expect_equal_figures(lines, metrics("two"), {"loss", "l1", "perceptual", "adversarial", "discriminator_loss"}, 1e-5);
  EXPECT_NE(lines[0]["discriminator_loss"], lines[1]["discriminator_loss"]);
  EXPECT_NEAR(lines[0]["loss"].get<double>(),
              lines[0]["l1"].get<double>() + 10 * lines[0]["perceptual"].get<double>() +
                  0.1 * lines[0]["adversarial"].get<double>(),
              1e-5);
}

TEST_F(RegressionTraining, ResumesBitForBit) {
  const Outcome straight = run(samsr(gan("straight", "train.steps=8")));
  ASSERT_EQ(straight.status, 0) << straight.output;
  succeed(samsr(gan("resumed", "train.steps=4")));
  const Outcome resumed = run(samsr(gan("resumed", "train.steps=8")));
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  expect_equal_checkpoints(in("straight/step-00000008"), in("resumed/step-00000008"));
  for (const char* part : {"discriminator.safetensors", "discriminator-optimizer.safetensors"}) {
    EXPECT_EQ(read_file(in("straight/step-00000008") / part), read_file(in("resumed/step-00000008") / part)) << part;
  }
  const Outcome other = run(samsr(gan("resumed", "train.steps=9 regression.lambda_l1=2 network.num_feat=8")));
  EXPECT_EQ(other.status, 2) << other.output;
  EXPECT_THAT(other.output, HasSubstr("regression.lambda_l1: 1 → 2"));
}

TEST_F(RegressionTraining, TheSecondStageBeginsWithTheFirstAndIsUsedLikeAnyModel) {
  for (const char* type : {"RRDBNet", "SRVGGNetCompact"}) {
    const std::string name = type;
    const std::string network = "network.type=" + name + " ";
    succeed(samsr(net(name + "_net", network + "train.steps=5 train.ema_rate=0")));
    const Outcome second =
        run(samsr(gan(name, network + "train.steps=1 train.lr=1e-12 train.init=" + in(name + "_net").string())));
    ASSERT_EQ(second.status, 0) << second.output;
    EXPECT_THAT(second.output, HasSubstr("first weights"));
    const double begun = metrics(name)[0]["l1"];
    EXPECT_LT(begun, 0.95 * metrics(name + "_net")[0]["l1"].get<double>()) << "trained already";

    fs::create_directories(in(name + "_lq"));
    fs::create_directories(in(name + "_gt"));
    const fs::path photograph = list_images(shared_photographs()).front();
    const cv::Mat lq = read_image(photograph).rgb(cv::Rect(0, 0, 40, 30)).clone();
    write_png(in(name + "_lq/a.png"), lq);
    const Outcome upscaled = run(samsr("upscale " + in(name + "_lq/a.png").string() + " " +
                                       in(name + "_out.png").string() + " --model " + in(name).string()));
    ASSERT_EQ(upscaled.status, 0) << upscaled.output;
    EXPECT_EQ(read_image(in(name + "_out.png")).rgb.size(), cv::Size(160, 120));

    // What is measured while training is what upscaling makes.
    cv::Mat gt;
    cv::resize(lq, gt, cv::Size(160, 120), 0, 0, cv::INTER_CUBIC);
    write_png(in(name + "_gt/a.png"), gt);
    const Outcome measured =
        run(samsr(net(name + "_val", network +
                                         "train.steps=1 train.lr=1e-12 train.ema_rate=0 val.metrics=psnr_y "
                                         "val.every=1 val.lq=" +
                                         in(name + "_lq").string() + " val.gt=" + in(name + "_gt").string() +
                                         " train.init=" + in(name).string())));
    ASSERT_EQ(measured.status, 0) << measured.output;
    succeed(samsr("eval --ref " + in(name + "_gt").string() + " --lq " + in(name + "_lq").string() + " --model a=" +
                  in(name + "_val").string() + " --metrics psnr_y --out " + in(name + "_report").string()));
    const nlohmann::json report = nlohmann::json::parse(read_file(in(name + "_report/results.json")));
    const std::string text = report.dump();
    const double psnr = metrics(name + "_val")[0]["psnr_y"];
    EXPECT_TRUE(fs::exists(in(name + "_val/best")));
    EXPECT_TRUE(fs::exists(in(name + "_val/validation/step-00000001/a.png")));
    EXPECT_GT(psnr, 5);
    EXPECT_THAT(text, HasSubstr(std::to_string(psnr).substr(0, 5)));
  }
}

TEST_F(RegressionTraining, TrainsOnFreshPairsWhoseInputAloneIsSharpened) {
  const std::string fresh =
      "train.shards= data.degrade=online degradation.use_sharp=input data.images=" + shared_photographs().string() +
      " train.steps=3 ";
  const Outcome trained = run(samsr(gan("fresh", fresh)));
  ASSERT_EQ(trained.status, 0) << trained.output;
  EXPECT_EQ(metrics("fresh").size(), 3U);
  const Outcome twice = run(samsr(gan("twice", fresh + "degradation.use_sharp=true")));
  EXPECT_EQ(twice.status, 2) << twice.output;
  EXPECT_THAT(twice.output, AllOf(HasSubstr("sharpened already"), HasSubstr("degradation.use_sharp=input")));
  succeed(samsr(build(in("sharp"), "--stage pairs degradation.use_sharp=true")));
  const Outcome stored =
      run(samsr(gan("stored", "data.degrade=online train.steps=1 train.shards=" + in("sharp").string())));
  EXPECT_EQ(stored.status, 2) << stored.output;
  EXPECT_THAT(stored.output, HasSubstr("sharpened already"));
}

TEST_F(RegressionTraining, WhatDoesNotFitIsSaidInOneLine) {
  const std::pair<std::string, const char*> cases[] = {
      {"regression.lambda_l1=0 regression.lambda_perceptual=0 regression.lambda_adversarial=0",
       "all weights of losses are 0"},
      {"discriminator.sees=features", "set discriminator.sees=image"},
      {"weights.folder=" + folder_->path().string(), "vgg19-dcbb9e9d.pth is missing"},
      {"regression.layer_weights=[1]", "regression.layer_weights has 1 numbers"},
      {"network.type=SwinIR", "network.type"},
      {"train.checkpoint_activations=true", "lower train.microbatch"},
      {"data.scale=2", "shards of scale 4"},
      {"train.init=" + shared_teacher().string(), "missing"},
      {"train.init=/nowhere", "/nowhere"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run("HOME=/nowhere TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere " +
                                samsr(gan("wrong", settings + " train.steps=1")));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << settings;
  }
}

}  // namespace
}  // namespace samsr::testing
