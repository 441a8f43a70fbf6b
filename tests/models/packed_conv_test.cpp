#include "models/layers/packed_conv.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/device.h"

namespace samsr {
namespace {
using testing::placed;

TEST(PackedConv, IsTheConvolutionAndWhatFollowsIt) {
  torch::manual_seed(5);
  for (const auto& [kernel, stride, padding] :
       std::vector<std::array<std::int64_t, 3>>{{1, 1, 0}, {3, 1, 1}, {7, 2, 3}}) {
    const at::Tensor weight = placed(torch::randn({24, 6, kernel, kernel}));
    const at::Tensor x = placed(torch::randn({2, 6, 13, 17}));
    for (const at::Tensor& bias : {placed(torch::randn({24})), at::Tensor()}) {
      const PackedConv conv(weight, bias, stride, padding);
      const at::Tensor expected =
          at::conv2d(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, stride, padding);
      EXPECT_TRUE(conv(x).allclose(expected, 1e-4, 1e-4));
      EXPECT_TRUE(conv.relu(x).allclose(expected.relu(), 1e-4, 1e-4));
      EXPECT_TRUE(conv.relu(x.contiguous(at::MemoryFormat::ChannelsLast)).allclose(conv.relu(x), 1e-5, 1e-5));
      const at::Tensor other = torch::randn_like(expected);
      const at::Tensor sum = (expected + other).relu();
      EXPECT_TRUE(conv.add_relu(x, other.clone(at::MemoryFormat::ChannelsLast)).allclose(sum, 1e-4, 1e-4));
      EXPECT_TRUE(conv.add_relu(x, other.clone()).allclose(sum, 1e-4, 1e-4)) << "of another layout";
    }
  }
}

TEST(PackedConv, LeakyReluAndSumsOfAnySize) {
  torch::manual_seed(7);
  const at::Tensor weight = placed(torch::randn({24, 6, 3, 3}));
  const at::Tensor bias = placed(torch::randn({24}));
  const PackedConv conv(weight, bias, 1, 1);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 5}, {4, 1}, {13, 17}}) {
    const at::Tensor x = placed(torch::randn({2, 6, height, width}));
    const at::Tensor expected = at::conv2d(x, weight, bias, 1, 1);
    EXPECT_TRUE(conv.leaky_relu(x, 0.2).allclose(at::leaky_relu(expected, 0.2), 1e-4, 1e-4));
    const at::Tensor other = torch::randn_like(expected);
    const at::Tensor kept = other.clone();
    EXPECT_TRUE(conv.add(x, other).allclose(expected + other, 1e-4, 1e-4));
    EXPECT_TRUE(other.equal(kept));
  }
}

TEST(PackedConv, PassesGradientsWhereTheyAreAskedFor) {
  torch::manual_seed(6);
  const at::Tensor weight = placed(torch::randn({24, 6, 3, 3}));
  const at::Tensor bias = placed(torch::randn({24}));
  const at::Tensor x = placed(torch::randn({2, 6, 13, 17}));
  const at::Tensor with = x.clone().requires_grad_();
  const at::Tensor other = x.clone().requires_grad_();
  PackedConv(weight, bias, 2, 1, /*passes_gradients=*/true).relu(with).square().sum().backward();
  at::conv2d(other, weight, bias, 2, 1).relu().square().sum().backward();
  EXPECT_TRUE(with.grad().allclose(other.grad(), 1e-4, 1e-4));
  EXPECT_FALSE(weight.grad().defined());
}

}  // namespace
}  // namespace samsr
