#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

namespace samsr {

/// Small pictures with their names and sizes, six in a row: `count` of the files, spread evenly (all where they
/// are fewer). CV_8UC3 RGB. One that cannot be read is a grey square.
cv::Mat draw_photograph_sheet(const std::vector<std::filesystem::path>& files, int count);

}  // namespace samsr
