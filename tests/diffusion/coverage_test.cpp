#include "diffusion/coverage.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace samsr {
namespace {

TEST(PoolMasks, EqualsThePooledAverageForEveryFactor) {
  torch::manual_seed(1);
  for (const std::int64_t factor : {1, 2, 4, 15, 16, 20}) {
    const torch::Tensor masks = torch::rand({2, 3, 3 * factor, 5 * factor}).gt(0.5).to(torch::kByte);
    const torch::Tensor average = torch::avg_pool2d(masks.to(torch::kFloat64), factor);
    EXPECT_TRUE(torch::equal(pool_masks(masks, factor, 0.5), average.gt(0.5).to(torch::kByte))) << factor;
    EXPECT_TRUE(torch::equal(pool_masks(masks.to(torch::kBool), factor, 0.3), average.gt(0.3).to(torch::kByte)))
        << factor;
  }
}

TEST(PoolMasks, ExactlyHalfIsNotCovered) {
  torch::Tensor masks = torch::zeros({1, 4, 4}, torch::kByte);
  masks.slice(1, 0, 2).fill_(1);
  EXPECT_EQ(pool_masks(masks, 4, 0.5).item<int>(), 0);
  masks[0][2][0] = 1;
  EXPECT_EQ(pool_masks(masks, 4, 0.5).item<int>(), 1);
}

TEST(PoolMasks, NoMasksGiveNoMapsNoCoverageAndNoWeight) {
  const torch::Tensor pooled = pool_masks(torch::zeros({2, 0, 8, 12}, torch::kByte), 4, 0.5);
  EXPECT_EQ(pooled.sizes().vec(), (std::vector<std::int64_t>{2, 0, 2, 3}));
  const torch::Tensor counts = coverage(pooled);
  EXPECT_TRUE(torch::equal(counts, torch::zeros({2, 2, 3}, torch::kByte)));
  EXPECT_TRUE(torch::equal(semantic_weight(counts), torch::zeros({2, 2, 3})));
}

TEST(PoolMasks, RefusesSidesThatAreNoMultiple) {
  EXPECT_THROW(pool_masks(torch::zeros({1, 6, 8}, torch::kByte), 4, 0.5), c10::Error);
  EXPECT_THROW(pool_masks(torch::zeros({1, 8, 8}), 4, 0.5), c10::Error);
}

TEST(Coverage, SaturatesAt255) {
  const torch::Tensor counts = coverage(torch::ones({300, 1, 2}, torch::kByte));
  EXPECT_EQ(counts.scalar_type(), torch::kByte);
  EXPECT_EQ(counts[0][1].item<int>(), 255);
}

TEST(SemanticWeight, IsRelativeToEachSamplesOwnMaximum) {
  torch::Tensor counts = torch::zeros({3, 1, 2, 2}, torch::kByte);
  counts[0][0][0][1] = 2;
  counts[0][0][1][1] = 4;
  counts[1][0][0][0] = 1;
  const torch::Tensor weight = semantic_weight(counts);
  EXPECT_EQ(weight[0][0][0][1].item<float>(), 0.5F);
  EXPECT_EQ(weight[0][0][1][1].item<float>(), 1.0F);
  EXPECT_EQ(weight[1][0][0][0].item<float>(), 1.0F);
  EXPECT_EQ(weight[2].sum().item<float>(), 0.0F);
}

}  // namespace
}  // namespace samsr
