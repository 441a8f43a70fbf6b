// Adapters beside the denoiser's layers: when they change nothing, merging, files, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "models/layers/autocast.h"
#include "models/layers/channels_last.h"
#include "models/lora/adapter_file.h"
#include "models/lora/adapters.h"
#include "models/lora/lora_argument.h"
#include "models/unet/unet_swin.h"
#include "models/weights/adapter_names.h"
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

constexpr std::uint64_t kSalt = 5;

/// Every kind of layer: residual blocks that resample, and Upsample and Downsample with a convolution.
std::vector<UNetSettings> networks() {
  UNetSettings usual = testing::small_unet_settings();
  UNetSettings inside = usual;
  inside.resblock_updown = true;
  inside.use_scale_shift_norm = false;
  return {usual, inside};
}

LoraSettings settings_with(std::vector<std::string> targets, std::int64_t rank = 3, double alpha = 6) {
  LoraSettings settings;
  settings.rank = rank;
  settings.alpha = alpha;
  settings.targets = std::move(targets);
  return settings;
}

class LoraTest : public ::testing::Test {
 protected:
  LoraTest() {
    torch::manual_seed(3);
    x_ = placed(torch::randn({2, 3, 16, 16}));
    lq_ = placed(torch::randn({2, 3, 16, 16}));
    steps_ = placed(torch::tensor({1, 9}));
  }

  /// The network by the rule; with adapters, whose B are zero or by the rule too.
  enum class Start { kPlain, kFresh, kTrained };
  static UNetSwin network(const UNetSettings& settings, const LoraSettings& lora, Start start,
                          bool channels_last = true) {
    UNetSwin made(settings);
    if (channels_last) {
      use_channels_last(*made);
    }
    testing::fill_by_rule(*made, kSalt);
    if (start != Start::kPlain) {
      add_adapters(*made, lora, 1);
    }
    if (start == Start::kTrained) {
      testing::fill_by_rule(*made, kSalt);
    }
    return placed(made);
  }

  at::Tensor answer(UNetSwin& network) const { return network(x_, steps_, lq_); }

  at::Tensor without_gradient(UNetSwin& network) const {
    const torch::NoGradGuard no_grad;
    return answer(network);
  }

  /// Gradients of the trained parameters, by name.
  std::map<std::string, at::Tensor> gradients(UNetSwin& network, bool bf16) const {
    network->zero_grad();
    at::Tensor y;
    {
      const Autocast autocast(testing::device(), bf16);
      y = answer(network);
    }
    y.to(at::kFloat).square().sum().backward();
    std::map<std::string, at::Tensor> found;
    for (const auto& [name, parameter] : trained_parameters(*network)) {
      found[name] = parameter.grad().clone();
    }
    return found;
  }

  static Adapters adapters_of(const UNetSwin& network, const LoraSettings& lora) {
    const TensorFile state = state_of(*network);
    return read_adapters(
        adapter_file(copy_of(view_of(trained_parameters(*network))), lora, {"base.safetensors", base_checksum(state)}),
        "adapters.safetensors");
  }

  at::Tensor x_, lq_, steps_;
};

TEST_F(LoraTest, FreshAdaptersChangeNoBit) {
  const torch::NoGradGuard no_grad;  // LibTorch's attention is another where the gradient of its bias is asked for
  for (const UNetSettings& settings : networks()) {
    for (const bool bf16 : {false, true}) {
      for (const bool channels_last : {false, true}) {
        const LoraSettings lora = settings_with({"*"});
        UNetSwin base = network(settings, lora, Start::kPlain, channels_last);
        UNetSwin fresh = network(settings, lora, Start::kFresh, channels_last);
        const Autocast autocast(testing::device(), bf16);
        // With a gradient LibTorch takes other kernels for layers whose weights want one: those of `base` alone do.
        const at::Tensor expected = without_gradient(base);
        EXPECT_TRUE(without_gradient(fresh).equal(expected)) << bf16 << channels_last;
        EXPECT_TRUE(answer(fresh).equal(expected)) << bf16 << channels_last;
      }
    }
  }
}

TEST_F(LoraTest, EveryLayerTakesAdaptersAndMergedTheyAreTheSame) {
  for (const UNetSettings& settings : networks()) {
    const LoraSettings lora = settings_with({"*"}, 3, 1.5);
    UNetSwin base = network(settings, lora, Start::kPlain);
    UNetSwin adapted = network(settings, lora, Start::kTrained);
    const torch::NoGradGuard no_grad;
    const at::Tensor expected = answer(adapted);
    EXPECT_GT((expected - answer(base)).norm().item<double>(), 0.1 * expected.norm().item<double>());
    load_weights(*base, merged(state_of(*base), "base", adapters_of(adapted, lora), 1), "merged");
    const at::Tensor found = answer(base);
    EXPECT_LT(((found - expected).abs() / (expected.abs() + 1)).max().item<double>(), 1e-5);
  }
}

TEST_F(LoraTest, MergedTheyAreTheSameInDoublePrecision) {
  const auto in_double = [](torch::nn::Module& module) {
    for (at::Tensor& parameter : module.parameters()) {
      parameter.set_data(parameter.to(at::kDouble));
    }
    for (at::Tensor& buffer : module.buffers()) {
      if (buffer.is_floating_point()) {
        buffer.set_data(buffer.to(at::kDouble));
      }
    }
  };
  x_ = x_.to(at::kDouble);
  lq_ = lq_.to(at::kDouble);
  const LoraSettings lora = settings_with({"*"});
  for (const UNetSettings& settings : networks()) {
    UNetSwin base = network(settings, lora, Start::kPlain);
    UNetSwin adapted = network(settings, lora, Start::kTrained);
    in_double(*base);
    in_double(*adapted);
    const torch::NoGradGuard no_grad;
    const Adapters adapters = adapters_of(adapted, lora);
    TensorFile weights;
    for (const auto& parameter : base->named_parameters()) {
      weights.tensors.emplace_back(parameter.key(), parameter.value().cpu());
    }
    const TensorFile whole = merged(std::move(weights), "base", adapters, 1);
    auto parameters = base->named_parameters();
    for (const auto& [name, tensor] : whole.tensors) {
      parameters[name].copy_(tensor);
    }
    const at::Tensor expected = answer(adapted);
    EXPECT_LT(((answer(base) - expected).abs() / (expected.abs() + 1)).max().item<double>(), 1e-10);
  }
}

TEST_F(LoraTest, GradientsAreThoseOfTheMergedWeights) {
  // W' = W + s B A: the gradient by B is s dW' Aᵀ, that by A is s Bᵀ dW'.
  const UNetSettings settings = testing::small_unet_settings();
  const LoraSettings lora = settings_with({"*"});
  UNetSwin adapted = network(settings, lora, Start::kTrained);
  UNetSwin whole = network(settings, lora, Start::kPlain);
  load_weights(*whole, merged(state_of(*whole), "base", adapters_of(adapted, lora), 1), "merged");
  const auto of_whole = gradients(whole, false);
  const auto found = gradients(adapted, false);
  const auto parameters = adapted->named_parameters();
  const double scale = 2;
  for (const auto& [name, gradient] : found) {
    const bool is_a = name.ends_with(kLoraA);
    const std::string layer = name.substr(0, name.size() - kLoraA.size());
    const at::Tensor change = of_whole.at(layer + ".weight").flatten(1);
    const at::Tensor expected = scale * (is_a ? parameters[layer + std::string(kLoraB)].flatten(1).t().mm(change)
                                              : change.mm(parameters[layer + std::string(kLoraA)].flatten(1).t()));
    EXPECT_LT((gradient.flatten(1) - expected).norm().item<double>(), 1e-3 * expected.norm().item<double>()) << name;
  }
}

TEST_F(LoraTest, RecomputedActivationsGiveTheSameGradientsAndBf16NearlySo) {
  // Weak ones: strong ones by the rule make a network of large numbers, merged or not, which bf16 does not bear.
  const LoraSettings lora = settings_with({"attn.qkv", "out_layers.3"}, 3, 0.6);
  UNetSwin adapted = network(testing::small_unet_settings(), lora, Start::kTrained);
  for (const bool bf16 : {false, true}) {
    const auto kept = gradients(adapted, bf16);
    adapted->recompute_activations(true);
    const auto again = gradients(adapted, bf16);
    adapted->recompute_activations(false);
    ASSERT_EQ(kept.size(), again.size());
    for (const auto& [name, gradient] : kept) {
      EXPECT_LT((again.at(name) - gradient).norm().item<double>(), (bf16 ? 0.1 : 1e-4) * gradient.norm().item<double>())
          << name;
    }
  }
  const auto exact = gradients(adapted, false);
  const auto rounded = gradients(adapted, true);
  for (const auto& [name, gradient] : exact) {
    const double along = (rounded.at(name) * gradient).sum().item<double>();
    EXPECT_GT(along, 0.9 * gradient.norm().item<double>() * rounded.at(name).norm().item<double>()) << name;
  }
}

TEST_F(LoraTest, RecomputationPassesOverWhatIsFrozenAltogether) {
  UNetSwin adapted =
      network(testing::small_unet_settings(), settings_with({"middle_block.2.in_layers.2"}), Start::kTrained);
  const auto kept = gradients(adapted, false);
  adapted->recompute_activations(true);
  const auto again = gradients(adapted, false);
  ASSERT_EQ(again.size(), 2U);
  for (const auto& [name, gradient] : kept) {
    EXPECT_TRUE(again.at(name).allclose(gradient, 1e-4, 1e-5)) << name;
  }
}

TEST_F(LoraTest, AdaptersAreAFunctionOfTheSeed) {
  const LoraSettings lora = settings_with({"attn.proj"});
  UNetSwin one(testing::small_unet_settings());
  UNetSwin other(testing::small_unet_settings());
  UNetSwin third(testing::small_unet_settings());
  EXPECT_EQ(add_adapters(*one, lora, 4), add_adapters(*other, lora, 4));
  add_adapters(*third, lora, 5);
  const auto a = [](const UNetSwin& of) { return trained_parameters(*of).front().second; };
  EXPECT_TRUE(a(one).equal(a(other)));
  EXPECT_FALSE(a(one).equal(a(third)));
}

TEST_F(LoraTest, FrozenWeightsLieInMemoryOnce) {
  const LoraSettings lora = settings_with({"attn.proj"});
  UNetSwin live = network(testing::small_unet_settings(), lora, Start::kFresh);
  UNetSwin average = network(testing::small_unet_settings(), lora, Start::kFresh);
  share_frozen_weights(*live, *average);
  const auto of_average = average->named_parameters();
  for (const auto& parameter : live->named_parameters()) {
    EXPECT_EQ(parameter.value().const_data_ptr() == of_average[parameter.key()].const_data_ptr(),
              !is_adapter_weight(parameter.key()))
        << parameter.key();
  }
  const torch::NoGradGuard no_grad;
  for (const bool bf16 : {true, false}) {
    const Autocast autocast(testing::device(), bf16);
    EXPECT_TRUE(answer(live).equal(answer(average)));
    // Another base in the place of the first is seen by both, in every precision.
    UNetSwin other = network(testing::small_unet_settings(), lora, Start::kPlain);
    other->named_parameters()["middle_block.0.in_layers.2.weight"].mul_(bf16 ? 2 : 3);
    load_weights(*live, state_of(*other), "another base");
    EXPECT_TRUE(answer(live).equal(answer(other)));
    EXPECT_TRUE(answer(average).equal(answer(other)));
  }
}

TEST_F(LoraTest, SeveralAreAddedWithTheirWeightsAndTakenOutAgain) {
  const UNetSettings settings = testing::small_unet_settings();
  const LoraSettings first = settings_with({"attn.qkv"});
  const LoraSettings second = settings_with({"attn.qkv", "in_layers.2"}, 2, 0);
  const TensorFile base = state_of(*network(settings, first, Start::kPlain));
  const Adapters one = adapters_of(network(settings, first, Start::kTrained), first);
  const Adapters other = adapters_of(network(settings, second, Start::kTrained), second);
  EXPECT_EQ(other.alpha, 2) << "the rank";
  const TensorFile both = merged(merged(base, "base", one, 0.5), "half", other, -2);
  const TensorFile reversed = merged(merged(base, "base", other, -2), "other", one, 0.5);
  EXPECT_TRUE(is_merged(both, one, 0.5));
  EXPECT_FALSE(is_merged(both, one, 1));
  const TensorFile again = merged(merged(both, "both", one, -0.5), "other", other, 2);
  EXPECT_FALSE(is_merged(again, one, 0.5));
  for (std::size_t i = 0; i < base.tensors.size(); ++i) {
    EXPECT_TRUE(both.tensors[i].second.allclose(reversed.tensors[i].second, 1e-5, 1e-6)) << base.tensors[i].first;
    EXPECT_TRUE(again.tensors[i].second.allclose(base.tensors[i].second, 1e-5, 1e-6)) << base.tensors[i].first;
  }
}

TEST_F(LoraTest, AnotherBaseIsOneClearLine) {
  const UNetSettings settings = testing::small_unet_settings();
  const LoraSettings lora = settings_with({"attn.qkv"});
  const Adapters adapters = adapters_of(network(settings, lora, Start::kTrained), lora);
  UNetSwin changed = network(settings, lora, Start::kPlain);
  {
    const torch::NoGradGuard no_grad;
    changed->named_parameters()["out.2.bias"][0] += 1;
  }
  const std::string error = error_of([&] { merged(state_of(*changed), "other.safetensors", adapters, 1); });
  EXPECT_THAT(error, HasSubstr("adapters.safetensors: these adapters were trained beside base.safetensors (weights "));
  EXPECT_THAT(error, HasSubstr("not beside other.safetensors"));
}

TEST_F(LoraTest, DamagedFilesAreRefused) {
  const LoraSettings lora = settings_with({"attn.qkv"});
  const TensorFile good = adapters_of(network(testing::small_unet_settings(), lora, Start::kTrained), lora).file;
  const auto said = [&](const std::function<void(TensorFile&)>& damage) {
    TensorFile file = good;
    damage(file);
    return error_of([&] { read_adapters(file, "x.safetensors"); });
  };
  EXPECT_THAT(said([](TensorFile& f) { f.metadata["format"] = "samsr-model/1"; }), HasSubstr("holds no adapters"));
  EXPECT_THAT(said([](TensorFile& f) { f.metadata["rank"] = "2"; }), HasSubstr("no A and B of rank 2"));
  EXPECT_THAT(said([](TensorFile& f) { f.metadata["rank"] = "-1"; }), HasSubstr("its rank is '-1'"));
  EXPECT_THAT(said([](TensorFile& f) { f.metadata["alpha"] = "nan"; }), HasSubstr("its alpha is 'nan'"));
  EXPECT_THAT(said([](TensorFile& f) { f.metadata["base_weights"] = "xyz"; }), HasSubstr("its base_weights is 'xyz'"));
  EXPECT_THAT(said([](TensorFile& f) { f.tensors.pop_back(); }), HasSubstr("no A and B"));
  EXPECT_THAT(said([](TensorFile& f) { f.tensors[0].first.assign(1, 'w'); }), HasSubstr("'w' is no adapter's"));
  EXPECT_THAT(said([](TensorFile& f) { f.tensors.clear(); }), HasSubstr("it has no layer"));
  EXPECT_THAT(said([](TensorFile& f) { f.tensors[0].second.fill_(NAN); }), HasSubstr("not finite"));
}

TEST_F(LoraTest, TargetsThatNameNothingAreSaid) {
  const auto said = [](std::vector<std::string> targets) {
    UNetSwin made(testing::small_unet_settings());
    return error_of([&] { add_adapters(*made, settings_with(targets), 1); });
  };
  EXPECT_THAT(said({"attn.qvk"}), HasSubstr("a name that ends in 'attn.qvk', did you mean 'attn.qkv'?"));
  EXPECT_THAT(said({"tn.qkv"}), HasSubstr("'tn.qkv'")) << "parts of names are whole";
  EXPECT_THAT(said({"norm1"}), HasSubstr("'norm1'")) << "is no layer that takes one";
  EXPECT_THAT(said({}), HasSubstr("train.lora.targets is empty"));
  UNetSwin made(testing::small_unet_settings());
  EXPECT_GT(add_adapters(*made, settings_with({"input_blocks.*.qkv"}), 1), 1);
}

TEST(LoraArgument, IsAFileWithOrWithoutAWeight) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(LoraArgument::parse("a.safetensors").weight, 1);
  EXPECT_EQ(LoraArgument::parse("run:0.5").path, "run");
  EXPECT_EQ(LoraArgument::parse("run:-2e-1").weight, -0.2);
  std::filesystem::create_directory(folder / "odd:1");
  const std::string odd = folder / "odd:1";
  EXPECT_EQ(LoraArgument::parse(odd).path, odd);
  EXPECT_EQ(LoraArgument::parse(odd + ":3").weight, 3);
  for (const char* wrong : {"run:", "run:half", "run:inf", ":1", ""}) {
    EXPECT_THAT(error_of([&] { LoraArgument::parse(wrong); }), HasSubstr("--lora")) << wrong;
  }
}

}  // namespace
}  // namespace samsr
