// The recipe flowmap: what is drawn, which samples are points, guidance that is none, whose answers make targets, what
// does not fit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "comm/communicator.h"
#include "models/super_resolution/flow_map_model.h"
#include "support/device.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/user_error.h"
#include "train/recipes/flowmap.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using testing::error_of;
using ::testing::HasSubstr;
using testing::placed;

constexpr std::int64_t kBatch = 4;

class FlowMapRecipe : public ::testing::Test {
 protected:
  FlowMapRecipe() {
    model_.unet.flow_map = true;
    train_.global_batch = kBatch;
    train_.optimizer.lr = 1e-3;
    train_.milestones = {};
    torch::manual_seed(7);
    batch_.lq = placed(torch::rand({kBatch, 3, 16, 16}) * 2 - 1);
    batch_.z_0 = placed(torch::rand({kBatch, 48, 16, 16}) * 2 - 1);
    batch_.z_y = placed(torch::rand({kBatch, 48, 16, 16}) * 2 - 1);
    batch_.position = {4, 5, 6, 7};
    batch_.sample = {1, 8, 0, 3};
  }

  std::unique_ptr<SuperResolutionModel> filled(std::uint64_t salt) const {
    auto made = std::make_unique<SuperResolutionModel>(model_, 0);
    testing::fill_by_rule(*made->unet(), salt);
    made->to(testing::device());
    return made;
  }

  std::unique_ptr<Recipe> recipe() {
    SuperResolutionParts parts;
    parts.train = train_;
    parts.network = filled(1);
    parts.average = std::make_shared<LoadedModel>(LoadedModel{filled(2), &method_named("flowmap")});
    parts.noise = seeded_noise(train_.seed);
    network_ = parts.network;
    average_ = parts.average->model->unet();
    return make_flowmap_recipe(std::move(parts), settings_);
  }

  /// Total of the batch (B) and gradients of the network.
  std::vector<at::Tensor> losses_and_gradients(Recipe& of) {
    const RecipeLosses losses = of.losses(batch_, {});
    losses.total.sum().backward();
    std::vector<at::Tensor> found{losses.total};
    for (const at::Tensor& parameter : network_->unet()->parameters()) {
      found.push_back(parameter.grad());
    }
    return found;
  }

  void fill_average(double value) {
    const torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : average_->parameters()) {
      parameter.fill_(value);
    }
  }

  ModelSettings model_ = testing::small_model_settings(2);
  TrainSettings train_;
  FlowMapTrainSettings settings_;
  Batch batch_;
  std::shared_ptr<SuperResolutionModel> network_;
  UNetSwin average_{nullptr};
};

Batch batch_at(std::uint64_t first, std::int64_t count) {
  Batch batch;
  batch.lq = torch::zeros({count, 3, 1, 1});
  for (std::int64_t b = 0; b < count; ++b) {
    batch.position.push_back(first + static_cast<std::uint64_t>(b));
  }
  return batch;
}

TEST_F(FlowMapRecipe, DrawsByThePositionAlone) {
  const FlowMapDraws draws = seeded_flow_map_draws(settings_, 3, 8);
  const FlowMapDraw whole = draws(batch_at(16, 8));
  const FlowMapDraw part = draws(batch_at(19, 2));
  for (std::int64_t b = 0; b < 2; ++b) {
    EXPECT_EQ(part.diagonal[static_cast<std::size_t>(b)], whole.diagonal[static_cast<std::size_t>(b + 3)]);
    EXPECT_TRUE(part.s[b].equal(whole.s[b + 3]) && part.t[b].equal(whole.t[b + 3]));
    EXPECT_TRUE(part.prompt[b].equal(whole.prompt[b + 3]));
  }
  EXPECT_FALSE(draws(batch_at(24, 8)).s.equal(whole.s));
}

TEST_F(FlowMapRecipe, PointsAreSpreadOverEveryBatchAndHaveTheirShare) {
  settings_.diag_fraction = 0.75;
  for (const std::int64_t batch : {4, 8, 10, 64}) {
    const FlowMapDraws draws = seeded_flow_map_draws(settings_, 3, batch);
    for (const std::int64_t first : {std::int64_t{0}, batch, 5 * batch}) {
      const FlowMapDraw draw = draws(batch_at(static_cast<std::uint64_t>(first), batch));
      EXPECT_EQ(std::count(draw.diagonal.begin(), draw.diagonal.end(), true), std::llround(0.75 * batch));
      const auto half = draw.diagonal.begin() + batch / 2;
      EXPECT_NEAR(std::count(draw.diagonal.begin(), half, true), 0.375 * static_cast<double>(batch), 1);
      for (std::size_t b = 0; b < draw.diagonal.size(); ++b) {
        const auto row = static_cast<std::int64_t>(b);
        EXPECT_EQ(draw.diagonal[b], draw.s[row].equal(draw.t[row]));
      }
    }
  }
}

TEST_F(FlowMapRecipe, IntervalsAreSortedUniformsOrDyadic) {
  settings_.diag_fraction = 0;
  settings_.p_neg = 0.25;
  constexpr std::int64_t kDrawn = 4000;
  const FlowMapDraw uniform = seeded_flow_map_draws(settings_, 3, kDrawn)(batch_at(0, kDrawn));
  EXPECT_TRUE((uniform.s <= uniform.t).all().item<bool>());
  EXPECT_NEAR(uniform.s.mean().item<double>(), 1.0 / 3, 0.02);
  EXPECT_NEAR(uniform.t.mean().item<double>(), 2.0 / 3, 0.02);
  EXPECT_NEAR(uniform.prompt.to(torch::kFloat64).mean().item<double>(), 0.25, 0.03);

  settings_.intervals = "dyadic";
  settings_.dyadic_levels = 3;
  const FlowMapDraw dyadic = seeded_flow_map_draws(settings_, 3, kDrawn)(batch_at(0, kDrawn));
  const at::Tensor length = dyadic.t - dyadic.s;
  EXPECT_TRUE((dyadic.s / length).frac().eq(0).all().item<bool>());
  EXPECT_TRUE((dyadic.s >= 0).logical_and(dyadic.t <= 1).all().item<bool>());
  for (const double each : {1.0, 0.5, 0.25, 0.125}) {
    EXPECT_NEAR(length.eq(each).to(torch::kFloat64).mean().item<double>(), 0.25, 0.03) << each;
  }
}

TEST_F(FlowMapRecipe, WithoutGuidanceAndNegativesItIsThePlainRunToTheBit) {
  settings_.p_neg = 0;
  for (const char* variant : {"shortcut", "lagrangian", "eulerian"}) {
    settings_.variant = variant;
    settings_.target_net = "live";
    model_.flow_map.omega = 1;
    const auto one = recipe();
    fill_average(std::numeric_limits<double>::quiet_NaN());  // nobody asks it
    const auto guided_by_one = losses_and_gradients(*one);
    model_.flow_map.guidance = "infer";
    model_.flow_map.omega = 1.5;
    const auto plain = recipe();
    const auto plainly = losses_and_gradients(*plain);
    model_.flow_map.guidance = "train";
    const auto other = recipe();
    EXPECT_FALSE(losses_and_gradients(*other)[0].equal(plainly[0])) << "guidance counts";
    ASSERT_EQ(guided_by_one.size(), plainly.size());
    for (std::size_t i = 0; i < plainly.size(); ++i) {
      EXPECT_TRUE(guided_by_one[i].equal(plainly[i])) << variant << " " << i;
    }
  }
}

TEST_F(FlowMapRecipe, TargetsAreOfTheNetworkThatIsAsked) {
  const at::Tensor ours = losses_and_gradients(*recipe())[0];
  settings_.target_net = "ema";
  EXPECT_TRUE(losses_and_gradients(*recipe())[0].equal(ours)) << "shortcut's own choice";
  settings_.target_net = "live";
  EXPECT_FALSE(losses_and_gradients(*recipe())[0].equal(ours));
  settings_.target_net = "auto";
  settings_.guidance_net = "live";
  EXPECT_FALSE(losses_and_gradients(*recipe())[0].equal(ours));
}

TEST_F(FlowMapRecipe, NegativeSamplesLearnToStay) {
  settings_.p_neg = 1;
  settings_.diag_fraction = 1;
  settings_.sigma = 0;
  const auto made = recipe();
  const FlowMapDraw draw = seeded_flow_map_draws(settings_, train_.seed, kBatch)(batch_);
  const torch::NoGradGuard no_grad;
  const at::Tensor v = velocity_of(network_->unet(), model_.flow_map.time_scale)(
      batch_.z_y, draw.s, draw.t, {batch_.lq, placed(torch::full({kBatch}, kNegativePrompt, torch::kInt64))});
  EXPECT_TRUE(made->losses(batch_, {}).total.allclose(v.square().mean({1, 2, 3}), 1e-4, 1e-6));
}

TEST_F(FlowMapRecipe, EveryParameterHasAGradientInEveryPass) {
  for (const char* variant : {"shortcut", "lagrangian", "eulerian"}) {
    settings_.variant = variant;
    const auto made = recipe();
    for (std::int64_t b = 0; b < kBatch; ++b) {
      Batch one = batch_;
      for (at::Tensor* field : {&one.lq, &one.z_0, &one.z_y}) {
        *field = field->narrow(0, b, 1);
      }
      one.position = {batch_.position[static_cast<std::size_t>(b)]};
      network_->unet()->zero_grad();
      made->losses(one, {}).total.sum().backward();
      for (const auto& parameter : network_->unet()->named_parameters()) {
        EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
      }
    }
    for (const at::Tensor& parameter : average_->parameters()) {
      ASSERT_FALSE(parameter.grad().defined()) << "the average is no part of the graph";
    }
  }
}

TEST_F(FlowMapRecipe, PredictsPicturesAndItsFileIsAFlowMaps) {
  const auto made = recipe();
  EXPECT_EQ(made->predict(batch_).sizes(), at::IntArrayRef({kBatch, 3, 64, 64}));
  EXPECT_EQ(made->file(0, {}).metadata.at("kind"), "flow_map");
}

TEST_F(FlowMapRecipe, WhatDoesNotFitIsSaid) {
  settings_.variant = "lagrangian";
  model_.flow_map.time_scale = 17;
  EXPECT_THAT(error_of([&] { recipe(); }), HasSubstr("flowmap.time_scale is 17"));
  settings_.variant = "shortcut";
  EXPECT_NO_THROW(recipe());
  settings_.diag_fraction = 0.05;
  EXPECT_THAT(error_of([&] { recipe(); }), HasSubstr("flowmap.diag_fraction 0.05 of train.global_batch 4"));
  settings_.diag_fraction = settings_.lambda_off = 0;
  EXPECT_THAT(error_of([&] { recipe(); }), HasSubstr("nothing is learned"));
}

}  // namespace
}  // namespace samsr
