#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "data/shards/shard.h"

namespace samsr {

/// Rows of labelled pictures, `count` samples spread evenly over the shards (fewer when they hold fewer): LR
/// enlarged without smoothing, HR, coverage as a colour map from dark (no mask) to yellow (the sample's most),
/// and the coverage of the HR image where it is stored. CV_8UC3 RGB. UserError when a sample lacks something, is
/// damaged, or has another size than the first.
cv::Mat draw_sheet(const std::vector<Shard>& shards, int count);

}  // namespace samsr
