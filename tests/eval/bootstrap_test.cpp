#include "eval/measure/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/rng.h"
#include "eval/markup/ranking.h"

namespace samsr {
namespace {

using ::testing::ElementsAre;

std::vector<double> normal_data(std::uint64_t trial, std::size_t count, double mean, double deviation) {
  Rng rng(1, "bootstrap test", {trial});
  std::vector<double> values(count);
  for (double& value : values) {
    value = mean + deviation * rng.normal();
  }
  return values;
}

TEST(Bootstrap, NinetyFiveOfAHundredIntervalsHoldTheTruth) {
  constexpr int kTrials = 600;
  int held = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto interval = bootstrap_interval(normal_data(static_cast<std::uint64_t>(trial), 60, 24, 3));
    held += interval->low <= 24 && 24 <= interval->high ? 1 : 0;
  }
  // The percentile bootstrap covers 94 % with 60 images; three standard errors of 600 trials are 2.9 %.
  EXPECT_NEAR(held / static_cast<double>(kTrials), 0.94, 0.03);
}

TEST(Bootstrap, WidthIsThatOfTheStandardError) {
  const auto interval = bootstrap_interval(normal_data(0, 400, 0, 2));
  EXPECT_NEAR(interval->high - interval->low, 2 * 1.96 * 2 / std::sqrt(400.0), 0.05);
}

TEST(Bootstrap, TheSameValuesGiveTheSameInterval) {
  const auto once = bootstrap_interval({1, 2, 4, 8});
  const auto again = bootstrap_interval({1, NAN, 2, 4, 8});
  EXPECT_EQ(once->low, again->low);
  EXPECT_EQ(once->high, again->high);
  // Of the 256 samples, 5 have a mean below 1.5 and 11 one of at most 1.5; 5 and 9 at the other end, at 6.5.
  EXPECT_EQ(once->low, 1.5);
  EXPECT_EQ(once->high, 6.5);
}

TEST(Bootstrap, OneImageHasNone) {
  EXPECT_FALSE(bootstrap_interval({}).has_value());
  EXPECT_FALSE(bootstrap_interval({24}).has_value());
  EXPECT_FALSE(bootstrap_interval({NAN, 24, NAN}).has_value());
  EXPECT_EQ(bootstrap_interval({24, 24})->high, 24);
}

TEST(Rank, WhatLooksTheSameSharesARank) {
  using enum Rank;
  EXPECT_THAT(ranks_of({1.004, 0.5, 1.001, NAN, 0.3}, true, 2), ElementsAre(kBest, kSecond, kBest, kNone, kNone));
  EXPECT_THAT(ranks_of({1.004, 0.5, 1.001, NAN, 0.5}, false, 2), ElementsAre(kSecond, kBest, kSecond, kNone, kBest));
  EXPECT_THAT(ranks_of({1, 2}, true, 0), ElementsAre(kNone, kBest));
  EXPECT_THAT(ranks_of({1, NAN}, true, 0), ElementsAre(kNone, kNone));
  EXPECT_THAT(ranks_of({-0.001, 0.001, 5}, false, 2), ElementsAre(kBest, kBest, kSecond));
  EXPECT_THAT(ranks_of({}, true, 2), ElementsAre());
}

}  // namespace
}  // namespace samsr
