#include "models/weights/load_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "models/unet/unet_swin.h"
#include "support/small_model.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

torch::nn::Sequential network() {
  return torch::nn::Sequential(torch::nn::Linear(2, 3), torch::nn::BatchNorm1d(3), torch::nn::Linear(3, 1));
}

/// One level, so that its windows are shifted in the middle, where they need a mask.
UNetSettings small_unet() {
  UNetSettings settings = testing::small_unet_settings();
  settings.attention_resolutions = {16};
  settings.channel_mult = {1};
  settings.num_res_blocks = {1};
  return settings;
}

std::string refusal_of(torch::nn::Module& module, const TensorFile& file) {
  return testing::error_of([&] { load_weights(module, file, "w.safetensors"); });
}

TEST(LoadWeights, RestoresParametersAndBuffers) {
  auto from = network();
  auto to = network();
  from->forward(torch::randn({8, 2}));
  TensorFile state = state_of(*from);
  load_weights(*to, state, "memory");
  for (const auto& item : from->named_parameters()) {
    EXPECT_TRUE(item.value().equal(to->named_parameters()[item.key()])) << item.key();
  }
  for (const auto& item : from->named_buffers()) {
    EXPECT_TRUE(item.value().equal(to->named_buffers()[item.key()])) << item.key();
  }
}

TEST(LoadWeights, TakesOtherPrecisions) {
  auto model = network();
  TensorFile state = state_of(*model);
  for (auto& [name, tensor] : state.tensors) {
    tensor = tensor.is_floating_point() ? tensor.to(torch::kBFloat16) : tensor;
  }
  load_weights(*model, state, "memory");
  EXPECT_EQ(model->parameters()[0].scalar_type(), torch::kFloat32);
  EXPECT_TRUE(model->parameters()[0].equal(state.tensors[0].second.to(torch::kFloat32)));
}

TEST(LoadWeights, ListsWhatDoesNotFitAndChangesNothing) {
  auto model = network();
  const at::Tensor before = model->parameters()[1].clone();
  TensorFile state = state_of(*model);
  state.tensors[0].second = torch::zeros({3, 5});
  state.tensors[1].second.add_(1);
  state.tensors.erase(state.tensors.begin() + 2, state.tensors.begin() + 8);
  state.tensors.emplace_back("ema.decay", torch::zeros({}));
  EXPECT_EQ(refusal_of(*model, state),
            "w.safetensors: the weights do not fit the network of the settings; 6 missing: 1.weight, 1.bias, 2.weight, "
            "2.bias and 2 more; 1 unexpected: ema.decay; 1 of another shape: 0.weight [3, 5] instead of [3, 2]");
  EXPECT_TRUE(model->parameters()[1].equal(before));
}

// Quantised weights are integers that mean nothing without their scale.
TEST(LoadWeights, IntegersInPlaceOfNumbersAreRefusedByName) {
  auto model = network();
  const at::Tensor before = model->parameters()[0].clone();
  for (const at::ScalarType type : {torch::kInt8, torch::kUInt8, torch::kInt32, torch::kInt64, torch::kBool}) {
    TensorFile state = state_of(*model);
    state.tensors[0].second = torch::ones({3, 2}, type);
    EXPECT_EQ(refusal_of(*model, state),
              std::string("w.safetensors: the weights do not fit the network of the settings; 1 of another type: "
                          "0.weight ") +
                  at::toString(type) + " instead of Float");
  }
  EXPECT_TRUE(model->parameters()[0].equal(before));
  TensorFile counted = state_of(*model);
  for (auto& [name, tensor] : counted.tensors) {
    tensor = name == "1.num_batches_tracked" ? tensor.to(torch::kFloat) + 0.5 : tensor;
  }
  EXPECT_THAT(refusal_of(*model, counted), HasSubstr("1.num_batches_tracked Float instead of Long"));
  const TensorFile file{.tensors = {{"a", torch::ones({2}, torch::kInt8)}}, .metadata = {}};
  EXPECT_THAT(testing::error_of([&] {
                fitting_weights(file, {{"a", {2}}}, "lpips.pth", "LPIPS");
              }),
              HasSubstr("lpips.pth: the weights do not fit LPIPS; 1 of another type: a Char instead of Float"));
}

TEST(LoadWeights, NumbersThatAreNotFiniteAreRefusedByName) {
  const double infinity = std::numeric_limits<double>::infinity();
  auto model = network();
  const at::Tensor before = model->parameters()[0].clone();
  const auto refusal_with = [&](const char* tensor, double value, std::int64_t at, at::ScalarType type) {
    TensorFile state = state_of(*model);
    for (auto& [name, numbers] : state.tensors) {
      if (name == tensor) {
        numbers.view(-1)[at] = value;
        numbers = numbers.to(type);
      } else if (name == "0.weight") {
        numbers.add_(1);
      }
    }
    return refusal_of(*model, state);
  };
  const auto refusal_of_double = [&](const char* tensor, double value) {
    auto other = network();
    TensorFile state = state_of(*other);
    for (auto& [name, numbers] : state.tensors) {
      if (name == tensor) {
        numbers = numbers.to(at::kDouble);
        numbers.view(-1)[1] = value;
      }
    }
    return testing::error_of([&] { load_weights(*other, state, "w.safetensors"); });
  };
  EXPECT_EQ(
      refusal_with("2.weight", std::nan(""), 1, at::kFloat),
      "w.safetensors: tensor '2.weight' holds 1 value that is not finite (first: NaN at 1); the file is damaged or "
      "its training diverged");
  EXPECT_THAT(refusal_with("0.bias", infinity, 2, at::kHalf), HasSubstr("'0.bias' holds 1 value"));
  EXPECT_THAT(refusal_with("0.bias", 1e30, 0, at::kHalf), HasSubstr("first: infinity at 0"));
  EXPECT_THAT(refusal_with("2.bias", -infinity, 0, at::kBFloat16), HasSubstr("first: -infinity at 0"));
  EXPECT_THAT(refusal_with("1.running_var", std::nan(""), 0, at::kDouble), HasSubstr("'1.running_var'"));
  for (const double value : {1e300, -1e39}) {
    EXPECT_EQ(refusal_of_double("2.weight", value),
              "w.safetensors: tensor '2.weight' has numbers beyond 3.4e+38, the largest of single precision, in which "
              "networks compute");
  }
  EXPECT_EQ(refusal_of_double("2.weight", 3e38), "no error");
  EXPECT_TRUE(model->parameters()[0].equal(before)) << "nothing is loaded";
}

TEST(FittingWeights, NumbersThatAreNotFiniteAreRefusedToo) {
  TensorFile file;
  file.tensors.emplace_back("a", at::ones({2}));
  file.tensors.emplace_back("b", at::full({2, 2}, std::nan("")));
  EXPECT_THAT(testing::error_of([&] {
                fitting_weights(file, {{"a", {2}}, {"b", {2, 2}}}, "lpips.pth", "LPIPS");
              }),
              HasSubstr("lpips.pth: tensor 'b' holds 4 values that are not finite (first: NaN at 0)"));
}

TEST(LoadWeights, WhatFollowsFromTheSettingsMayBeLeftOut) {
  UNetSwin from(small_unet());
  UNetSwin to(small_unet());
  TensorFile compact = state_of(*from);
  const std::size_t left_out =
      std::erase_if(compact.tensors, [](const auto& named) { return follows_from_settings(named.first); });
  EXPECT_GT(left_out, 0U);
  load_weights(*to, compact, "memory");
  const TensorFile all = state_of(*from);
  const TensorFile loaded = state_of(*to);
  ASSERT_EQ(loaded.tensors.size(), all.tensors.size());
  for (std::size_t i = 0; i < all.tensors.size(); ++i) {
    EXPECT_TRUE(loaded.tensors[i].second.equal(all.tensors[i].second)) << all.tensors[i].first;
  }
  compact.tensors.pop_back();
  EXPECT_NE(refusal_of(*to, compact).find("1 missing"), std::string::npos);
}

// An index beyond its table ended in the middle of the network, or in another network without a word.
TEST(LoadWeights, WhatFollowsFromTheSettingsMustBeThat) {
  UNetSwin model(small_unet());
  const TensorFile right = state_of(*model);
  for (const char* kind : {".relative_position_index", ".attn_mask"}) {
    TensorFile file = state_of(*model);
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [&](const auto& named) { return named.first.ends_with(kind); });
    ASSERT_NE(found, file.tensors.end()) << kind;
    found->second = found->second.to(torch::kHalf);  // another precision is no other value
    EXPECT_NO_THROW(load_weights(*model, file, "memory"));
    for (const double value : {1e4, -1.0}) {
      found->second.view(-1)[3] = value;
      file.tensors.front().second = file.tensors.front().second + 1;
      EXPECT_NE(refusal_of(*model, file).find("'" + found->first + "' is not what follows from the settings"),
                std::string::npos);
      EXPECT_TRUE(state_of(*model).tensors.front().second.equal(right.tensors.front().second));
    }
  }
}

TEST(StateOf, IsACopyWithTheBuffersOfOfficialFiles) {
  UNetSwin model(small_unet());
  const TensorFile state = state_of(*model);
  EXPECT_EQ(state.tensors.front().first, "time_embed.0.weight");
  const at::Tensor copied = state.tensors.front().second.clone();
  {
    const torch::NoGradGuard no_grad;
    model->parameters()[0].add_(1);
  }
  EXPECT_TRUE(state.tensors.front().second.equal(copied));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state.tensors) {
    names.push_back(name);
  }
  const auto has = [&](const std::string& name) { return std::count(names.begin(), names.end(), name) == 1; };
  EXPECT_TRUE(has("middle_block.1.blocks.1.attn_mask"));
  EXPECT_TRUE(has("middle_block.1.blocks.0.attn.relative_position_index"));
  EXPECT_FALSE(has("middle_block.1.blocks.0.attn_mask"));
}

}  // namespace
}  // namespace samsr
