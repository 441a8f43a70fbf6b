#include "core/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace samsr {
namespace {

TEST(Rng, StreamsAreFunctionsOfSeedPurposeAndIndex) {
  EXPECT_EQ(Rng(1, "noise", {7}).next(), Rng(1, "noise", {7}).next());
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    for (const char* purpose : {"noise", "crop"}) {
      for (std::uint64_t index = 0; index < 10; ++index) {
        firsts.insert(Rng(seed, purpose, {index}).next());
        firsts.insert(Rng(seed, purpose, {index, 0}).next());
      }
    }
  }
  EXPECT_EQ(firsts.size(), 400U);
}

TEST(Rng, NormalHasTheRightMoments) {
  Rng rng(3);
  constexpr int kCount = 2'000'000;
  double sum = 0, squares = 0, fourth = 0;
  int beyond_tail = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = rng.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond_tail += std::abs(x) > 3.6541528853610088;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(fourth / kCount, 3, 5 * std::sqrt(96.0 / kCount));
  const double expected_tail = kCount * std::erfc(3.6541528853610088 / std::sqrt(2.0));
  EXPECT_NEAR(beyond_tail, expected_tail, 5 * std::sqrt(expected_tail));
}

TEST(Rng, PoissonHasTheRightMeanAndVariance) {
  for (const double lambda : {0.1, 3.0, 9.9, 10.1, 55.0, 2000.0}) {
    Rng rng(11);
    constexpr int kCount = 200'000;
    double sum = 0, squares = 0;
    for (int i = 0; i < kCount; ++i) {
      const auto x = static_cast<double>(rng.poisson(lambda));
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kCount;
    const double variance = squares / kCount - mean * mean;
    EXPECT_NEAR(mean, lambda, 5 * std::sqrt(lambda / kCount)) << lambda;
    EXPECT_NEAR(variance, lambda, 5 * lambda * std::sqrt((2 + 1 / lambda) / kCount)) << lambda;
  }
}

TEST(Rng, ChoiceFollowsItsWeights) {
  Rng rng(5);
  const std::vector<double> weights{0.45, 0.25, 0, 0.3};
  std::vector<int> counts(4);
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    ++counts[rng.choice(weights)];
  }
  EXPECT_EQ(counts[2], 0);
  for (const std::size_t i : {0U, 1U, 3U}) {
    EXPECT_NEAR(counts[i], kCount * weights[i], 5 * std::sqrt(kCount * weights[i]));
  }
}

TEST(Rng, PermutationHoldsEachNumberOnce) {
  auto order = Rng(9).permutation(1000);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (std::uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(order[i], i);
  }
}

TEST(Rng, RuleOfTheGoldenWeights) { EXPECT_EQ(fnv1a64("time_embed.0.weight"), 0xd6104295be4fd7feULL); }

}  // namespace
}  // namespace samsr
