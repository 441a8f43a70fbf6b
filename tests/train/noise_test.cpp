#include "train/recipes/noise.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

namespace samsr {
namespace {

TEST(Noise, IsTheSameHoweverTheBatchIsCut) {
  const at::Tensor whole = noise_at(7, {10, 11, 12, 13}, {3, 8, 8}, at::kCPU);
  const at::Tensor first = noise_at(7, {10, 11}, {3, 8, 8}, at::kCPU);
  const at::Tensor second = noise_at(7, {12, 13}, {3, 8, 8}, at::kCPU);
  EXPECT_TRUE(torch::equal(whole, torch::cat({first, second})));
  EXPECT_FALSE(torch::equal(whole[0], whole[1]));
  EXPECT_FALSE(torch::equal(first, noise_at(8, {10, 11}, {3, 8, 8}, at::kCPU)));
}

TEST(Noise, IsStandardNormal) {
  const at::Tensor noise = noise_at(1, {0}, {400'000}, at::kCPU);
  EXPECT_NEAR(noise.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(noise.var().item<double>(), 1, 0.015);
}

TEST(Noise, UniformNumbersAreOfTheUnitIntervalHoweverTheBatchIsCut) {
  const at::Tensor all = uniform_at(3, {7, 8, 9}, {2, 100, 100}, at::kCPU);
  EXPECT_TRUE(uniform_at(3, {8}, {2, 100, 100}, at::kCPU)[0].equal(all[1]));
  EXPECT_FALSE(uniform_at(4, {8}, {2, 100, 100}, at::kCPU)[0].equal(all[1]));
  EXPECT_GE(all.min().item<float>(), 0);
  EXPECT_LT(all.max().item<float>(), 1);
  EXPECT_NEAR(all.mean().item<float>(), 0.5, 0.01);
  EXPECT_NEAR(all.std().item<float>(), std::sqrt(1.0 / 12), 0.01);
}

TEST(Noise, StepsAreUniform) {
  std::vector<std::uint64_t> positions(15'000);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    positions[i] = i;
  }
  const at::Tensor steps = steps_at(1, "step", positions, 15, at::kCPU);
  const at::Tensor counts = torch::bincount(steps, {}, 15);
  EXPECT_EQ(counts.numel(), 15);
  EXPECT_GT(counts.min().item<std::int64_t>(), 850);
  EXPECT_LT(counts.max().item<std::int64_t>(), 1150);
}

}  // namespace
}  // namespace samsr
