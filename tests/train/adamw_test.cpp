#include "train/step/adamw.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.h"
#include "train/step/ema.h"

namespace samsr {
namespace {

at::Tensor parameter(std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn({3, 5}).requires_grad_();
}

void set_gradient(at::Tensor& leaf, std::uint64_t seed) {
  torch::manual_seed(seed);
  leaf.mutable_grad() = torch::randn({3, 5});
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
    optimizer.step(1e-2, torch::zeros({}));
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
      each.step(1e-3, torch::zeros({}));
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
  with_skip.step(1e-2, torch::ones({}));
  for (std::uint64_t step = 0; step < 2; ++step) {
    set_gradient(skipping, step);
    set_gradient(straight, step);
    with_skip.step(1e-2, torch::zeros({}));
    without.step(1e-2, torch::zeros({}));
  }
  EXPECT_TRUE(torch::equal(skipping, straight));
}

TEST(AdamW, RefusesTheStateOfAnotherNetwork) {
  at::Tensor leaf = parameter(1);
  const AdamW optimizer({"w"}, {leaf}, {});
  AdamW other({"v"}, {leaf}, {});
  EXPECT_THROW(other.load_state(optimizer.state(), "optimizer.safetensors"), UserError);
}

TEST(Ema, IsTheDecayedMean) {
  at::Tensor weight = torch::ones({2});
  at::Tensor average = torch::zeros({2});
  Ema ema({weight}, {average}, 0.9);
  EXPECT_TRUE(torch::equal(average, torch::ones({2})));
  weight.fill_(3);
  ema.update(torch::zeros({}));
  EXPECT_TRUE(torch::allclose(average, torch::full({2}, 0.9 * 1 + 0.1 * 3)));
  weight.fill_(100);
  ema.update(torch::ones({}));
  EXPECT_TRUE(torch::allclose(average, torch::full({2}, 0.9 * 1 + 0.1 * 3)));
}

}  // namespace
}  // namespace samsr
