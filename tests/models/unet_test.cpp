#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "models/layers/autocast.h"
#include "models/layers/basic_layers.h"
#include "models/unet/swin.h"
#include "models/unet/unet_swin.h"
#include "support/device.h"
#include "support/golden.h"
#include "support/small_model.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::placed;
using testing::small_unet_settings;

at::Tensor steps_of(std::int64_t batch) { return placed(torch::full({batch}, 3, torch::kInt64)); }

at::Tensor normal(at::IntArrayRef shape) { return placed(torch::randn(shape)); }

TEST(UNetSwin, StartsWithAZeroOutput) {
  UNetSwin model = placed(UNetSwin(small_unet_settings()));
  const at::Tensor y = model(normal({2, 3, 16, 16}), steps_of(2), normal({2, 3, 16, 16}));
  EXPECT_EQ(y.abs().max().item<float>(), 0);
}

TEST(UNetSwin, TakesTheSameImageAloneAndInABatch) {
  UNetSwin model = placed(UNetSwin(small_unet_settings()));
  testing::fill_by_rule(*model, 1);
  const torch::NoGradGuard no_grad;
  const at::Tensor x = normal({3, 3, 16, 32});
  const at::Tensor lq = normal({3, 3, 16, 32});
  const at::Tensor together = model(x, steps_of(3), lq);
  const at::Tensor alone = model(x.slice(0, 1, 2), steps_of(1), lq.slice(0, 1, 2));
  EXPECT_TRUE(together.slice(0, 1, 2).allclose(alone, 1e-4, 1e-5));
}

TEST(UNetSwin, ResamplesInsideBlocksOrWithoutConvolutions) {
  for (const bool inside : {false, true}) {
    UNetSettings settings = small_unet_settings();
    settings.resblock_updown = inside;
    settings.conv_resample = false;
    settings.use_scale_shift_norm = inside;
    UNetSwin model = placed(UNetSwin(settings));
    testing::fill_by_rule(*model, 1);
    const at::Tensor y = model(normal({1, 3, 16, 16}), steps_of(1), normal({1, 3, 16, 16}));
    EXPECT_EQ(y.sizes(), at::IntArrayRef({1, 3, 16, 16}));
    EXPECT_TRUE(y.isfinite().all().item<bool>());
    EXPECT_EQ(model->named_parameters().contains("input_blocks.2.0.in_layers.2.weight"), inside);
  }
}

TEST(UNetSwin, LeavesTheConditionOutWithoutCondLq) {
  UNetSettings settings = small_unet_settings();
  settings.cond_lq = false;
  settings.in_channels = 3;
  UNetSwin model = placed(UNetSwin(settings));
  EXPECT_EQ(model(normal({1, 3, 16, 16}), steps_of(1), at::Tensor()).size(1), 3);
}

TEST(UNetSwin, EnlargesASmallerCondition) {
  UNetSwin model = placed(UNetSwin(small_unet_settings()));
  testing::fill_by_rule(*model, 1);
  const torch::NoGradGuard no_grad;
  const at::Tensor x = normal({1, 3, 32, 16});
  const at::Tensor lq = normal({1, 3, 8, 4});
  const at::Tensor enlarged = lq.repeat_interleave(4, 2).repeat_interleave(4, 3);
  EXPECT_TRUE(model(x, steps_of(1), lq).equal(model(x, steps_of(1), enlarged)));
}

TEST(UNetSwin, DropsActivationsOnlyWhileTraining) {
  UNetSettings settings = small_unet_settings();
  settings.dropout = 0.5;
  UNetSwin model = placed(UNetSwin(settings));
  testing::fill_by_rule(*model, 1);
  const torch::NoGradGuard no_grad;
  const at::Tensor x = normal({1, 3, 16, 16});
  EXPECT_FALSE(model(x, steps_of(1), x).equal(model(x, steps_of(1), x)));
  model->eval();
  EXPECT_TRUE(model(x, steps_of(1), x).equal(model(x, steps_of(1), x)));
}

TEST(UNetSwin, NamesTheMultipleThatSizesMustHave) {
  UNetSwin model = placed(UNetSwin(small_unet_settings()));
  EXPECT_EQ(model->size_multiple(), 16);
  EXPECT_EQ(UNetSettings().size_multiple(), 64);
  const at::Tensor x = normal({1, 3, 16, 24});
  try {
    model(x, steps_of(1), x);
    FAIL();
  } catch (const c10::Error& error) {
    EXPECT_THAT(error.msg(), ::testing::HasSubstr("multiples of 16"));
  }
}

TEST(UNetSwin, PredictsTheSameInBf16ToItsPrecision) {
  UNetSwin model = placed(UNetSwin(small_unet_settings()));
  testing::fill_by_rule(*model, 1);
  const at::Tensor x = normal({1, 3, 16, 16});
  const at::Tensor exact = model(x, steps_of(1), x);
  at::Tensor rounded;
  {
    const Autocast autocast(testing::device(), true);
    rounded = model(x, steps_of(1), x);
    rounded.sum().backward();
  }
  EXPECT_EQ(rounded.scalar_type(), torch::kBFloat16);
  EXPECT_LT((rounded - exact).norm().item<double>() / exact.norm().item<double>(), 0.03);
}

std::vector<at::Tensor> gradients(UNetSwin& model, const at::Tensor& x, bool recompute, bool bf16) {
  model->zero_grad();
  model->recompute_activations(recompute);
  at::Tensor output;
  {
    const Autocast autocast(testing::device(), bf16);
    {
      const torch::NoGradGuard no_grad;  // as in a step of distillation; must not leave casts without a graph behind
      model(x, steps_of(2), x);
    }
    output = model(x, steps_of(2), x);
  }
  output.to(at::kFloat).square().sum().backward();
  std::vector<at::Tensor> found;
  for (const at::Tensor& parameter : model->parameters()) {
    found.push_back(parameter.grad().clone());
  }
  return found;
}

TEST(UNetSwin, RecomputedActivationsGiveTheSameGradients) {
  UNetSwin model = placed(UNetSwin(small_unet_settings()));
  testing::fill_by_rule(*model, 1);
  const std::vector<std::string> names = model->named_parameters().keys();
  torch::manual_seed(7);
  const at::Tensor x = normal({2, 3, 16, 16});
  for (const bool bf16 : {false, true}) {
    const std::vector<at::Tensor> kept = gradients(model, x, false, bf16);
    const std::vector<at::Tensor> again = gradients(model, x, true, bf16);
    const double whole = at::linalg_vector_norm(at::stack(at::_foreach_norm(kept))).item<double>();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      // What reaches a map from several blocks is added in another order, in bf16 to 2^-8 each time.
      const std::string& name = names[i];
      const double tolerance = bf16 ? 2e-2 : 1e-5;
      EXPECT_LE((kept[i] - again[i]).norm().item<double>(), tolerance * whole)
          << name << (bf16 ? " in bf16" : " in fp32");
      EXPECT_GT(kept[i].abs().max().item<float>(), 0) << name;
    }
  }
}

TEST(UNetSwin, RecomputesOnlyWithoutDropout) {
  UNetSettings settings = small_unet_settings();
  settings.dropout = 0.1;
  UNetSwin model = placed(UNetSwin(settings));
  EXPECT_THROW(model->recompute_activations(true), UserError);
}

TEST(UNetSettings, RefuseWhatMakesNoNetwork) {
  const auto message = [](auto change) {
    UNetSettings settings = small_unet_settings();
    change(settings);
    return testing::error_of([&] { settings.check(); });
  };
  EXPECT_EQ(message([](UNetSettings&) {}), "no error");
  EXPECT_THAT(message([](UNetSettings& s) { s.num_res_blocks = {1}; }), ::testing::HasSubstr("unet.num_res_blocks"));
  EXPECT_THAT(message([](UNetSettings& s) { s.model_channels = 40; }), ::testing::HasSubstr("40 channels"));
  EXPECT_THAT(message([](UNetSettings& s) { s.image_size = 15; }), ::testing::HasSubstr("unet.image_size"));
  EXPECT_THAT(message([](UNetSettings& s) { s.num_head_channels = 24; }), ::testing::HasSubstr("unet.swin_embed_dim"));
}

TEST(WindowAttention, TheBiasOfAPairIsThatOfItsOffset) {
  torch::manual_seed(3);
  constexpr std::int64_t kWindow = 4;
  constexpr std::int64_t kHeads = 3;
  const auto attention = placed(std::make_shared<WindowAttention>(kHeads * 8, kWindow, kHeads, 0));
  const at::Tensor table = attention->named_parameters()["relative_position_bias_table"];
  const at::Tensor index = attention->named_buffers()["relative_position_index"].view(-1);
  const at::Tensor bias = attention->position_bias();
  const at::Tensor upstream = torch::randn_like(bias);
  (bias * upstream).sum().backward();

  constexpr std::int64_t kPositions = kWindow * kWindow;
  const at::Tensor expected = table.detach().index_select(0, index).t().view({kHeads, kPositions, kPositions});
  EXPECT_TRUE(bias.equal(expected));
  EXPECT_TRUE(bias.is_contiguous());
  const at::Tensor gradient =
      torch::zeros_like(table, at::kDouble).index_add_(0, index, upstream.to(at::kDouble).flatten(1).t());
  EXPECT_LE((table.grad() - gradient).abs().max().item<double>(), 1e-6 * gradient.abs().max().item<double>());
}

TEST(Doubled, RepeatsPixelsInTheirType) {
  const at::Tensor x = normal({2, 3, 5, 4}).to(at::kBFloat16);
  const Autocast autocast(testing::device(), true);
  const at::Tensor y = doubled(x);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(y.equal(x.repeat_interleave(2, 2).repeat_interleave(2, 3)));
}

TEST(ShiftedWindowMask, DividesTheLastRowOfWindowsByColumnsAsTheOfficialCodeDoes) {
  const at::Tensor mask = shifted_window_mask(8, 12, 4, 2);
  EXPECT_EQ(mask.sizes(), at::IntArrayRef({6, 16, 16}));
  EXPECT_EQ(mask.slice(0, 0, 3).abs().max().item<float>(), 0);
  const auto value = [&](int window, int a, int b) { return mask[window][a][b].item<float>(); };
  for (const int window : {3, 4, 5}) {
    EXPECT_EQ(value(window, 0, 1), 0);
    EXPECT_EQ(value(window, 0, 2), -100);
    EXPECT_EQ(value(window, 2, 1), -100);
    EXPECT_EQ(value(window, 0, 12), 0);
  }
}

}  // namespace
}  // namespace samsr
