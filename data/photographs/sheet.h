#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

#include "data/photographs/place.h"

namespace samsr {

/// Small pictures with their names and sizes, six in a row: `count` of the photographs below `root`, spread evenly
/// (all where they are fewer). CV_8UC3 RGB. One that cannot be read is a grey square.
cv::Mat draw_photograph_sheet(const std::filesystem::path& root, const std::vector<PhotographPlace>& photographs,
                              int count);

}  // namespace samsr
