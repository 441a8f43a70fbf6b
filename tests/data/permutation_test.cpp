#include "data/shards/permutation.h"

#include <gtest/gtest.h>

#include <vector>

namespace samsr {
namespace {

TEST(Permutation, ReachesEveryElementOnce) {
  for (const std::uint64_t size : {1, 2, 3, 4, 5, 7, 8, 64, 100, 1000, 4097}) {
    const Permutation order(size, 11);
    std::vector<int> seen(size, 0);
    for (std::uint64_t i = 0; i < size; ++i) {
      const std::uint64_t at = order(i);
      ASSERT_LT(at, size);
      ++seen[at];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(size)) << size;
  }
}

TEST(Permutation, SendsAnIndexEverywhereAsTheSeedChanges) {
  constexpr int kSize = 10;
  constexpr int kSeeds = 20000;
  std::vector<int> counts(kSize * kSize, 0);
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Permutation order(kSize, static_cast<std::uint64_t>(seed));
    for (int i = 0; i < kSize; ++i) {
      ++counts[static_cast<std::size_t>(i) * kSize + order(static_cast<std::uint64_t>(i))];
    }
  }
  // Mean 2000, standard deviation 42 for a uniform choice; 100 cells.
  for (const int count : counts) {
    EXPECT_NEAR(count, kSeeds / kSize, 5 * 43);
  }
}

TEST(Permutation, WorksForSizesBeyondMemory) {
  const std::uint64_t size = (std::uint64_t{1} << 40) + 12345;
  const Permutation order(size, 5);
  EXPECT_LT(order(0), size);
  EXPECT_LT(order(size - 1), size);
  EXPECT_NE(order(0), order(1));
}

}  // namespace
}  // namespace samsr
