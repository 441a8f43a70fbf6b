#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>

#include "data/shards/sample.h"

namespace samsr {

/// A stored picture, "hr" or "lr", (H, W, 3) uint8 RGB, as CV_8UC3 over the same bytes.
cv::Mat stored_image(const Sample& sample, std::string_view field);

/// How much larger hr is than lr. UserError when it is no whole number of times.
int stored_scale(const Sample& sample);

}  // namespace samsr
