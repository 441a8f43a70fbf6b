// UNetSwin as a flow map: official weights answer as before, intervals and prompts count once they are learned,
// derivatives through the whole network, files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/kernels.h"
#include "diffusion/forward_derivative.h"
#include "models/super_resolution/flow_map_model.h"
#include "models/super_resolution/super_resolution_model.h"
#include "models/unet/flow_map_weights.h"
#include "models/unet/unet_weight_count.h"
#include "models/weights/load_weights.h"
#include "support/device.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using ::testing::HasSubstr;
using testing::placed;

constexpr std::int64_t kSide = 16;

UNetSettings flow_map_settings() {
  UNetSettings settings = testing::small_unet_settings();
  settings.flow_map = true;
  return settings;
}

ModelSettings model_settings() {
  ModelSettings settings = testing::small_model_settings(2);
  settings.unet.flow_map = true;
  return settings;
}

FlowMapPlace place(std::int64_t batch, double time, double interval, std::int64_t prompt) {
  const at::Tensor numbers = placed(torch::ones({batch}));
  return {time * numbers, interval * numbers, placed(torch::full({batch}, prompt, torch::kInt64))};
}

TEST(FlowMapNetwork, AnswersWithTheWeightsOfADenoiserAsThatDoes) {
  UNetSwin denoiser = placed(UNetSwin(testing::small_unet_settings()));
  testing::fill_by_rule(*denoiser, 3);
  UNetSwin network = placed(UNetSwin(flow_map_settings()));
  const TensorFile official = state_of(*denoiser);
  load_weights(*network, with_flow_map_embeddings(official, network->settings()), "a test");
  const torch::NoGradGuard no_grad;
  const at::Tensor x = placed(torch::randn({2, 3, kSide, kSide}));
  const at::Tensor lq = placed(torch::randn({2, 3, kSide, kSide}));
  const at::Tensor expected = denoiser->forward(x, placed(torch::full({2}, 7, torch::kInt64)), lq);
  for (const std::int64_t prompt : {kPositivePrompt, kNegativePrompt}) {
    EXPECT_TRUE(network->velocity(x, place(2, 7, 3.5, prompt), lq).equal(expected));
  }
}

TEST(FlowMapNetwork, AllOfItsEmbeddingCounts) {
  UNetSwin network = placed(UNetSwin(flow_map_settings()));
  testing::fill_by_rule(*network, 3);
  const torch::NoGradGuard no_grad;
  const at::Tensor x = placed(torch::randn({1, 3, kSide, kSide}));
  const auto answer = [&](const FlowMapPlace& at) { return network->velocity(x, at, x); };
  const at::Tensor here = answer(place(1, 7, 3.5, kPositivePrompt));
  EXPECT_FALSE(answer(place(1, 6, 3.5, kPositivePrompt)).allclose(here));
  EXPECT_FALSE(answer(place(1, 7, 4, kPositivePrompt)).allclose(here));
  EXPECT_FALSE(answer(place(1, 7, 3.5, kNegativePrompt)).allclose(here));
  EXPECT_EQ(network->encoder_features(x, place(1, 7, 0, kPositivePrompt), x).size(), 3U);
}

TEST(FlowMapNetwork, HasSoManyWeights) {
  UNetSwin network(flow_map_settings());
  double count = 0;
  for (const at::Tensor& parameter : network->parameters()) {
    count += static_cast<double>(parameter.numel());
  }
  EXPECT_EQ(count, unet_weight_count(flow_map_settings()));
  for (const char* name : {"interval_embed.2.weight", "interval_embed.2.bias", "prompt_embed.weight"}) {
    EXPECT_EQ(network->named_parameters()[name].abs().max().item<float>(), 0) << name;
  }
}

TEST(FlowMapNetwork, IsAskedAtAPlaceAndADenoiserAtSteps) {
  UNetSwin network(flow_map_settings());
  UNetSwin denoiser(testing::small_unet_settings());
  const at::Tensor x = torch::randn({1, 3, kSide, kSide});
  EXPECT_THROW(network->forward(x, torch::zeros({1}, torch::kInt64), x), c10::Error);
  EXPECT_THROW(denoiser->velocity(x, place(1, 0, 0, 0), x), c10::Error);
}

/// A network of float64 numbers, and where its derivatives are asked.
struct WideNetwork {
  explicit WideNetwork(UNetSettings settings) {
    network = UNetSwin(settings);
    testing::fill_by_rule(*network, 5);
    for (const std::vector<at::Tensor>& tensors : {network->parameters(), network->buffers()}) {
      for (at::Tensor tensor : tensors) {
        if (tensor.is_floating_point()) {  // not the windows' position indices
          tensor.set_data(tensor.to(torch::kFloat64));
        }
      }
    }
    torch::manual_seed(6);
    const auto images = [] { return torch::randn({2, 3, kSide, 2 * kSide}, torch::kFloat64); };
    here = {images(),
            torch::tensor({0.1, 0.4}, torch::kFloat64),
            torch::tensor({0.9, 0.4}, torch::kFloat64),
            {images(), torch::tensor({0, 1}, torch::kInt64)}};
    direction = images();
  }
  UNetSwin network{nullptr};
  FlowInterval here;
  at::Tensor direction;
};

TEST(FlowMapNetwork, DerivativesAgreeWithCentralDifferences) {
  constexpr double kStep = 1e-5;
  for (const bool other : {false, true}) {
    UNetSettings settings = flow_map_settings();
    settings.use_scale_shift_norm = !other;
    settings.resblock_updown = other;
    WideNetwork wide(settings);
    const Velocity v = velocity_of(wide.network, 14);
    const FlowInterval& here = wide.here;
    const torch::NoGradGuard no_grad;
    const auto difference = [&](const at::Tensor& dx, double ds, double dt) {
      const auto there = [&](double step) {
        return v(here.x + step * dx, here.s + step * ds, here.t + step * dt, here.given);
      };
      return (there(kStep) - there(-kStep)) / (2 * kStep);
    };
    const auto expect_near = [](const at::Tensor& a, const at::Tensor& b) {
      EXPECT_LT(((a - b).abs() / (b.abs() + 1)).max().item<double>(), 1e-6);
    };
    const at::Tensor still = at::zeros_like(here.x);
    expect_near(velocity_derivative(v, here, still, 0, 1).along, difference(still, 0, 1));
    expect_near(velocity_derivative(v, here, wide.direction, 1, 0).along, difference(wide.direction, 1, 0));
    EXPECT_GT(difference(still, 0, 1).abs().max().item<double>(), 0.1);
    const at::Tensor plain = v(here.x, here.s, here.t, here.given);
    EXPECT_TRUE(velocity_derivative(v, here, still, 0, 1).v.allclose(plain, 1e-12, 1e-12));
  }
}

TEST(FlowMapNetwork, SinglePrecisionAndRecomputedActivationsHaveTheSameDerivatives) {
  WideNetwork wide(flow_map_settings());
  const at::Tensor expected = velocity_derivative(velocity_of(wide.network, 14), wide.here, wide.direction, 1, 0).along;
  UNetSwin single(flow_map_settings());
  testing::fill_by_rule(*single, 5);
  placed(single)->recompute_activations(true);
  const auto narrow = [](const at::Tensor& tensor) { return placed(tensor.to(torch::kFloat32)); };
  const FlowInterval here{narrow(wide.here.x),
                          narrow(wide.here.s),
                          narrow(wide.here.t),
                          {narrow(wide.here.given.image), placed(wide.here.given.prompt)}};
  const at::Tensor found = velocity_derivative(velocity_of(single, 14), here, narrow(wide.direction), 1, 0).along.cpu();
  EXPECT_LT((found.to(torch::kFloat64) - expected).norm().item<double>(), 1e-4 * expected.norm().item<double>());
  EXPECT_FALSE(found.requires_grad());
}

TEST(FlowMapNetwork, TangentsKeepOurKernelsAway) {
  const at::Tensor x = torch::randn({2, 2});
  EXPECT_EQ(cpu_kernels(x), own_kernels());
  forward_derivative(
      [](const std::vector<at::Tensor>& of) {
        EXPECT_TRUE(carries_tangent(of[0]));
        EXPECT_FALSE(cpu_kernels(of[0]));
        return 2 * of[0];
      },
      {x}, {x});
  EXPECT_FALSE(carries_tangent(x));
}

TEST(FlowMapNetwork, ConditionIsTheLrImageAtTheLatentsSizeOrTheLatent) {
  ModelSettings settings = model_settings();
  const at::Tensor z_src = torch::randn({1, 48, 16, 16});
  const at::Tensor lq = torch::rand({1, 3, 16, 16});
  EXPECT_TRUE(flow_condition(settings, lq, z_src).equal(lq));
  EXPECT_EQ(flow_condition(settings, torch::rand({1, 3, 8, 8}), z_src).sizes(), lq.sizes());
  const at::Tensor flat = flow_condition(settings, torch::full({1, 3, 32, 32}, 0.25), z_src);
  EXPECT_TRUE(flat.allclose(torch::full({1, 3, 16, 16}, 0.25)));
  settings.flow_map.condition = "z_src";
  EXPECT_TRUE(flow_condition(settings, lq, z_src).equal(z_src));
  EXPECT_THAT(error_of([&] { settings.check(); }), HasSubstr("unet.in_channels is 51, expected 96"));
  settings.unet.cond_lq = false;
  EXPECT_FALSE(flow_condition(settings, lq, z_src).defined());
}

TEST(FlowMapNetwork, AFreshModelSamplesTheEnlargedPicture) {
  const SuperResolutionModel model(model_settings(), 1);
  const at::Tensor lq = torch::rand({2, 3, 16, 32}) * 2 - 1;
  const at::Tensor bicubic = enlarge_bicubic(lq, 4).clamp(-1, 1);
  EXPECT_TRUE(model.sample_flow_map(lq, {.steps = 3}).allclose(bicubic, 1e-5, 1e-5));
}

TEST(FlowMapNetwork, AFileKeepsAllThatSamplingNeeds) {
  const testing::TemporaryFolder folder;
  ModelSettings settings = model_settings();
  settings.flow_map.time_scale = 9;
  settings.flow_map.guidance = "infer";
  SuperResolutionModel model(settings, 1);
  testing::fill_by_rule(*model.unet(), 2);
  save_model(folder / "flow.safetensors", settings, "flow_map", state_of(*model.unet()));
  const LoadedModel loaded = load_model(folder / "flow.safetensors");
  EXPECT_TRUE(loaded.method->flow_map);
  EXPECT_EQ(loaded.model->settings().flow_map.time_scale, 9);
  EXPECT_FALSE(loaded.model->settings().flow_map.guided_in_training());
  const at::Tensor lq = torch::rand({1, 3, 16, 16}) * 2 - 1;
  EXPECT_TRUE(loaded.model->sample_flow_map(lq, {.steps = 2}).equal(model.sample_flow_map(lq, {.steps = 2})));
  EXPECT_THAT(error_of([&] { load_teacher_model(folder / "flow.safetensors", testing::small_model_settings(2)); }),
              HasSubstr("is a flow map"));

  save_model(folder / "wrong.safetensors", settings, "teacher", state_of(*model.unet()));
  EXPECT_THAT(error_of([&] { load_model(folder / "wrong.safetensors"); }), HasSubstr("unet.flow_map is true"));
}

}  // namespace
}  // namespace samsr
