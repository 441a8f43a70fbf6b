#include "train/step/batch_plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/error.h"

namespace samsr {
namespace {

TEST(BatchPlan, SlicesCoverTheGlobalBatchOnce) {
  for (const int ranks : {1, 2, 3, 7}) {
    std::int64_t next = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      const BatchPlan plan(16, 4, rank, ranks);
      EXPECT_EQ(plan.first, next);
      next += plan.count;
      EXPECT_EQ(std::accumulate(plan.passes.begin(), plan.passes.end(), std::int64_t{0}), plan.count);
      for (const std::int64_t pass : plan.passes) {
        EXPECT_GE(pass, 1);
        EXPECT_LE(pass, 4);
      }
    }
    EXPECT_EQ(next, 16);
  }
}

TEST(BatchPlan, EveryRankNeedsAnImage) { EXPECT_THROW(BatchPlan(2, 4, 0, 3), UserError); }

}  // namespace
}  // namespace samsr
