#include "train/step/adamw.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "support/device.h"
#include "support/user_error.h"
#include "train/step/ema.h"

namespace samsr {
namespace {
using testing::placed;

at::Tensor parameter(std::uint64_t seed) {
  torch::manual_seed(seed);
  return placed(torch::randn({3, 5})).requires_grad_();
}

/// 1 for a step that is left out.
at::Tensor flag(float skipped) { return placed(torch::full({}, skipped)); }

void set_gradient(at::Tensor& leaf, std::uint64_t seed) {
  torch::manual_seed(seed);
  leaf.mutable_grad() = placed(torch::randn({3, 5}));
}

TEST(AdamW, FollowsTorchsOptimizer) {
  at::Tensor ours = parameter(1);
  at::Tensor theirs = parameter(1);
  AdamW optimizer({"w"}, {ours}, {.weight_decay = 0.05, .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-4});
  torch::optim::AdamW reference({theirs},
                                torch::optim::AdamWOptions(1e-2).weight_decay(0.05).betas({0.5, 0.9}).eps(1e-4));
  for (std::uint64_t step = 0; step < 5; ++step) {
    set_gradient(ours, 10 + step);
    set_gradient(theirs, 10 + step);
    optimizer.step(1e-2, flag(0));
    reference.step();
  }
  EXPECT_TRUE(torch::allclose(ours, theirs, 1e-5, 1e-7)) << (ours - theirs).abs().max();
}

TEST(AdamW, ContinuesExactlyFromItsState) {
  at::Tensor straight = parameter(1);
  at::Tensor resumed = parameter(1);
  AdamW optimizer({"w"}, {straight}, {});
  AdamW before({"w"}, {resumed}, {});
  const auto advance = [](AdamW& each, at::Tensor& leaf, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t step = from; step < to; ++step) {
      set_gradient(leaf, step);
      each.step(1e-3, flag(0));
    }
  };
  advance(optimizer, straight, 0, 6);
  advance(before, resumed, 0, 3);
  AdamW after({"w"}, {resumed}, {});
  after.load_state(before.state(), "state");
  advance(after, resumed, 3, 6);
  EXPECT_TRUE(torch::equal(straight, resumed));
}

TEST(AdamW, LeavesASkippedStepOut) {
  at::Tensor skipping = parameter(1);
  at::Tensor straight = parameter(1);
  AdamW with_skip({"w"}, {skipping}, {.weight_decay = 0.05});
  AdamW without({"w"}, {straight}, {.weight_decay = 0.05});
  set_gradient(skipping, 7);
  skipping.mutable_grad().fill_(NAN);
  with_skip.step(1e-2, flag(1));
  for (std::uint64_t step = 0; step < 2; ++step) {
    set_gradient(skipping, step);
    set_gradient(straight, step);
    with_skip.step(1e-2, flag(0));
    without.step(1e-2, flag(0));
  }
  EXPECT_TRUE(torch::equal(skipping, straight));
}

TEST(AdamW, RefusesTheStateOfAnotherNetwork) {
  at::Tensor leaf = parameter(1);
  const AdamW optimizer({"w"}, {leaf}, {});
  AdamW other({"v"}, {leaf}, {});
  EXPECT_THROW(other.load_state(optimizer.state(), "optimizer.safetensors"), UserError);
}

TEST(AdamW, RefusesMomentsThatAreNotFinite) {
  at::Tensor leaf = parameter(1);
  AdamW optimizer({"w"}, {leaf}, {});
  for (const char* name : {"exp_avg.w", "exp_avg_sq.w", "step"}) {
    TensorFile state = optimizer.state();
    for (auto& [tensor, numbers] : state.tensors) {
      if (tensor == name) {
        numbers = numbers.clone();
        numbers.view(-1)[0] = HUGE_VAL;
      }
    }
    EXPECT_THAT(testing::error_of([&] { optimizer.load_state(state, "optimizer.safetensors"); }),
                ::testing::HasSubstr(std::string("optimizer.safetensors: tensor '") + name +
                                     "' holds 1 value that is not finite (first: infinity at 0)"));
  }
}

TEST(Ema, IsTheDecayedMean) {
  at::Tensor weight = placed(torch::ones({2}));
  at::Tensor average = placed(torch::zeros({2}));
  Ema ema({weight}, {average}, 0.9);
  EXPECT_TRUE(torch::equal(average, placed(torch::ones({2}))));
  weight.fill_(3);
  ema.update(flag(0));
  EXPECT_TRUE(torch::allclose(average, placed(torch::full({2}, 0.9 * 1 + 0.1 * 3))));
  weight.fill_(100);
  ema.update(flag(1));
  EXPECT_TRUE(torch::allclose(average, placed(torch::full({2}, 0.9 * 1 + 0.1 * 3))));
}

// Of any layout, and whatever computes it: one multiplication and one addition in float32 from the definition.
TEST(Ema, FollowsTheWeightsToRoundingAndLeavesThemAlone) {
  torch::manual_seed(2);
  const std::vector<at::Tensor> weights{
      placed(torch::randn({3, 5})).requires_grad_(),
      placed(torch::randn({8, 4, 3, 3})).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(),
      placed(torch::randn({1})).requires_grad_(), placed(torch::randn({1037})).requires_grad_()};
  std::vector<at::Tensor> averages;
  std::vector<at::Tensor> expected;
  for (const at::Tensor& weight : weights) {
    averages.push_back(torch::zeros(weight.sizes(), weight.device()));  // of another layout than the second
    expected.push_back(weight.detach().to(at::kDouble));
  }
  constexpr double kRate = 0.99;
  Ema ema(weights, averages, kRate);
  const torch::NoGradGuard no_grad;
  for (int step = 0; step < 6; ++step) {
    const bool skipped = step == 2;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      at::Tensor weight = weights[i];
      weight.normal_(step);
      if (!skipped) {
        expected[i] = kRate * expected[i] + (1 - kRate) * weight.to(at::kDouble);
      }
    }
    const at::Tensor before = weights[1].clone();
    ema.update(flag(skipped ? 1 : 0));
    EXPECT_TRUE(weights[1].equal(before));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      EXPECT_TRUE(averages[i].to(at::kDouble).allclose(expected[i], 1e-6, 1e-6)) << "weight " << i << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace samsr
