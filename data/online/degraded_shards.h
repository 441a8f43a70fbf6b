#pragma once

#include <filesystem>
#include <memory>

#include "data/online/fresh_pairs.h"

namespace samsr {

/// The HR images of a data set as they are stored, degraded afresh when they are drawn: the order is Loader's, and the
/// degradation of position p depends on data.seed and p. No other field of the shards is read, so that the stage
/// `pairs` is enough. Coverage is that of the graph segmentation of the fresh LR image (SAMSR Eq. 3-4). With
/// masks.source=sam it is the stored coverage_hr instead: how many of Segment Anything's masks of the HR image lie over
/// each LR pixel, which is not the paper's Eq. 3.
///
/// Says where degradation.* differs from that of the stored pairs. UserError when the shards have no square HR images.
/// Batches of this set throw UserError where masks.source=sam and the shards have no such coverage of Segment
/// Anything's.
std::unique_ptr<const SampleSet> degraded_shards(const std::filesystem::path& folder, const BuildSettings& settings,
                                                 Log& log);

}  // namespace samsr
