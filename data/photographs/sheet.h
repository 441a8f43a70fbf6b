#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "data/photographs/place.h"
#include "data/photographs/reader.h"

namespace samsr {

/// Small pictures of the photographs with their names and sizes, six in a row. CV_8UC3 RGB. One that cannot be read is
/// a grey square.
cv::Mat draw_photograph_sheet(PhotographReader& reader, const std::vector<PhotographPlace>& photographs);

}  // namespace samsr
