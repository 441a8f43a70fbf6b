#pragma once

#include <cstdint>
#include <vector>

namespace samsr {

/// How the global batch is cut over ranks and, within a rank, over passes of at most `microbatch` images.
/// Rank r takes the r-th of `ranks` consecutive slices, whose sizes differ by at most one.
struct BatchPlan {
  /// UserError unless every rank gets an image.
  BatchPlan(std::int64_t global_batch, std::int64_t microbatch, int rank, int ranks);

  std::int64_t global_batch;
  int ranks;
  std::int64_t first;                ///< of this rank's slice in the global batch
  std::int64_t count;                ///< images of this rank
  std::vector<std::int64_t> passes;  ///< images of each pass of this rank

  /// Factor on the sum of a pass's per-image losses that makes the ranks' average of gradients the
  /// gradient of the global batch's mean loss.
  double loss_factor() const { return static_cast<double>(ranks) / static_cast<double>(global_batch); }
};

}  // namespace samsr
