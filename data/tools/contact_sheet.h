#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "data/shards/shard.h"

namespace samsr {

/// Rows of labelled pictures, `count` samples spread evenly over the shards (fewer when they hold fewer): LR
/// enlarged without smoothing, HR, coverage as a colour map from dark (no mask) to yellow (the sample's most),
/// and the coverage of the HR image where it is stored. CV_8UC3 RGB.
cv::Mat draw_sheet(const std::vector<Shard>& shards, int count);

/// The JSON that says where a sample of the shard comes from. UserError when its checksum does not fit.
std::string read_source(const Shard& shard, std::uint64_t sample);

}  // namespace samsr
