#include <gtest/gtest.h>
#include <torch/torch.h>

#include "eval/metrics/group_norm.h"
#include "models/perceptual/lpips_difference.h"

namespace samsr {
namespace {

at::Tensor maps(at::IntArrayRef shape) {
  return (torch::randn(shape) * 3 + 1).contiguous(at::MemoryFormat::ChannelsLast);
}

TEST(MetricKernels, DifferenceOfUnitFeatures) {
  torch::manual_seed(3);
  for (const std::int64_t channels : {5, 48}) {  // with operators, and in one pass
    at::Tensor features = maps({4, channels, 7, 9});
    features.slice(0, 1, 2).slice(2, 0, 2).zero_();  // features of length zero
    const at::Tensor weights = torch::rand({channels});
    const at::Tensor exact = features.to(at::kDouble);
    const at::Tensor unit = exact / (exact.square().sum(1, true).sqrt() + 1e-10);
    const at::Tensor expected =
        ((unit.slice(0, 0, 2) - unit.slice(0, 2)).square() * weights.view({1, -1, 1, 1})).sum(1).mean({1, 2});
    EXPECT_TRUE(lpips_difference(features, weights).to(at::kDouble).allclose(expected, 1e-5, 1e-6)) << channels;
    const at::Tensor twice = features.slice(0, 0, 2).repeat({2, 1, 1, 1}).contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_EQ(lpips_difference(twice, weights).abs().max().item<double>(), 0);
  }
}

TEST(MetricKernels, GroupNormAndWhatFollowsIt) {
  torch::manual_seed(4);
  for (const std::int64_t groups : {1, 4, 32}) {
    const GroupNorm norm{torch::randn({32}), torch::randn({32}), groups, 1e-4};
    const at::Tensor given = maps({3, 32, 6, 5});
    const at::Tensor addend = maps({3, 32, 6, 5});
    const at::Tensor expected = at::group_norm(given.contiguous(), groups, norm.weight, norm.bias, norm.epsilon);
    at::Tensor x = given.clone();
    group_norm_(norm, x);
    EXPECT_TRUE(x.allclose(expected, 1e-4, 1e-5)) << groups;
    x = given.clone();
    group_norm_relu_(norm, x);
    EXPECT_TRUE(x.allclose(expected.relu(), 1e-4, 1e-5)) << groups;
    x = given.clone();
    group_norm_relu_(norm, x, addend);
    EXPECT_TRUE(x.allclose((expected + addend).relu(), 1e-4, 1e-5)) << groups;
    EXPECT_THROW(group_norm_relu_(norm, x, addend.slice(0, 1)), c10::Error);
  }
}

}  // namespace
}  // namespace samsr
