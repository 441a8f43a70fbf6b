// Upscaling with a flow map: steps, guidance, prompt, tiles, and what does not belong to it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <functional>

#include "eval/upscale/flow_map_choices.h"
#include "eval/upscaling.h"
#include "support/golden.h"
#include "support/pictures.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::smooth_picture;

LoadedModel flow_map_model(const std::string& guidance = "train") {
  ModelSettings settings = testing::small_model_settings(2);
  settings.unet.flow_map = true;
  settings.flow_map.guidance = guidance;
  settings.flow_map.omega = 1.5;
  LoadedModel loaded{std::make_unique<SuperResolutionModel>(settings, 1), &method_named("flowmap")};
  testing::fill_by_rule(*loaded.model->unet(), 1);
  {
    const torch::NoGradGuard no_grad;
    loaded.model->unet()->named_parameters()["out.2.weight"].mul_(0.05);
  }
  loaded.model->to(testing::device());
  return loaded;
}

using Change = std::function<void(UpscaleSettings&)>;

UpscaleSettings settings_with(const Change& change) {
  UpscaleSettings settings;
  settings.tiles.tile = 96;
  change(settings);
  return settings;
}

TEST(FlowMapUpscaling, StepsGuidanceAndPromptCount) {
  LoadedModel loaded = flow_map_model();
  const cv::Mat rgb = smooth_picture(20, 40, 3);
  const auto upscaled = [&](const Change& change) {
    return Upscaler(loaded, settings_with(change), MaskSettings()).upscale(rgb);
  };
  const cv::Mat plain = upscaled([](UpscaleSettings&) {});
  EXPECT_EQ(largest_difference(plain, upscaled([](UpscaleSettings& s) { s.steps = 1; })), 0);
  EXPECT_EQ(largest_difference(plain, upscaled([](UpscaleSettings& s) { s.seed = 9; })), 0) << "there is no noise";
  EXPECT_GT(largest_difference(plain, upscaled([](UpscaleSettings& s) { s.steps = 4; })), 0);
  EXPECT_GT(largest_difference(plain, upscaled([](UpscaleSettings& s) { s.prompt = "negative"; })), 0);
  EXPECT_GT(largest_difference(plain, upscaled([](UpscaleSettings& s) { s.sampler = "euler"; })), 0);
  const cv::Mat guided = upscaled([](UpscaleSettings& s) { s.guidance = "infer"; });
  EXPECT_GT(largest_difference(plain, guided), 0);
  const Change asked = [](UpscaleSettings& s) {
    s.guidance = "infer";
    s.omega = 1.5;
  };
  EXPECT_EQ(largest_difference(guided, upscaled(asked)), 0) << "the model's own";
}

TEST(FlowMapUpscaling, FollowsTheModelsGuidanceAndSaysWhatItDoes) {
  LoadedModel trained = flow_map_model("train");
  LoadedModel inferred = flow_map_model("infer");
  const auto words = [](LoadedModel& loaded, const Change& change) {
    return Upscaler(loaded, settings_with(change), MaskSettings()).describe();
  };
  const Change none = [](UpscaleSettings&) {};
  EXPECT_EQ(words(trained, none), "flow map in 1 step, positive prompt");
  EXPECT_EQ(words(inferred, none), "flow map in 1 step, guided by ω = 1.5");
  EXPECT_EQ(words(trained, [](UpscaleSettings& s) { s.steps = 4, s.prompt = "negative"; }),
            "flow map in 4 steps, negative prompt");
  EXPECT_EQ(words(trained, [](UpscaleSettings& s) { s.steps = 4, s.sampler = "euler"; }),
            "flow map in 4 steps of Euler's, positive prompt");
  EXPECT_EQ(words(inferred, [](UpscaleSettings& s) { s.guidance = "train"; }), "flow map in 1 step, positive prompt");
}

TEST(FlowMapUpscaling, InTilesItIsCloseToOnePiece) {
  LoadedModel loaded = flow_map_model();
  const cv::Mat rgb = smooth_picture(96, 96, 5);
  const cv::Mat whole = Upscaler(loaded, settings_with([](UpscaleSettings&) {}), MaskSettings()).upscale(rgb);
  const Change cut = [](UpscaleSettings& s) { s.tiles = {.tile = 64, .overlap = 32, .batch = 4}; };
  EXPECT_GT(cv::PSNR(whole, Upscaler(loaded, settings_with(cut), MaskSettings()).upscale(rgb)), 40);
}

TEST(FlowMapUpscaling, WhatDoesNotFitIsSaid) {
  LoadedModel flow = flow_map_model();
  const std::pair<Change, const char*> of_flow_map[] = {
      {[](UpscaleSettings& s) { s.noise = "plain"; }, "without noise"},
      {[](UpscaleSettings& s) { s.masks = "graph"; }, "without noise"},
      {[](UpscaleSettings& s) { s.sampler = "rollout"; }, "upscale.sampler"},
      {[](UpscaleSettings& s) { s.omega = 2; }, "upscale.omega is 2"},
      {[](UpscaleSettings& s) { s.guidance = "infer", s.prompt = "negative"; }, "both prompts"},
  };
  for (const auto& [change, expected] : of_flow_map) {
    EXPECT_THAT(error_of([&, of = change] { Upscaler(flow, settings_with(of), MaskSettings()); }), HasSubstr(expected));
  }
  LoadedModel student = testing::small_model("student", false);
  for (const Change& change :
       {Change([](UpscaleSettings& s) { s.steps = 2; }), Change([](UpscaleSettings& s) { s.guidance = "infer"; }),
        Change([](UpscaleSettings& s) { s.prompt = "negative"; }),
        Change([](UpscaleSettings& s) { s.sampler = "euler"; })}) {
    EXPECT_THAT(error_of([&] { Upscaler(student, settings_with(change), MaskSettings()); }),
                HasSubstr("this model is none (sinsr)"));
  }
}

}  // namespace
}  // namespace samsr
