#include "train/step/batch_plan.h"

#include <algorithm>

#include "core/error.h"

namespace samsr {

BatchPlan::BatchPlan(std::int64_t global, std::int64_t microbatch, int rank, int rank_count)
    : global_batch(global), ranks(rank_count) {
  if (global_batch < ranks) {
    throw UserError("train.global_batch is {}, less than the {} ranks; raise it or start fewer ranks", global_batch,
                    ranks);
  }
  const std::int64_t share = global_batch / ranks;
  const std::int64_t larger = global_batch % ranks;  // the first `larger` ranks take one image more
  first = rank * share + std::min<std::int64_t>(rank, larger);
  count = share + (rank < larger ? 1 : 0);
  for (std::int64_t left = count; left > 0; left -= microbatch) {
    passes.push_back(std::min(left, microbatch));
  }
}

}  // namespace samsr
