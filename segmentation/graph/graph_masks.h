#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>

#include "segmentation/settings.h"

namespace samsr {

/// Masks without a trained network: the segments of a graph segmentation at several scales. A partition at
/// each scale would cover every pixel equally often, so only what stands out counts, as with Segment
/// Anything: segments neither tiny nor as large as a background, and each once, however many scales find it.
/// Coverage is then the depth of the nesting: none on a wide background, one on a plain object, more on an
/// object with parts.
/// rgb: CV_8UC3 (H, W). Returns (M, H, W) uint8, 0 or 1, finest scale first; M may be 0.
at::Tensor graph_masks(const cv::Mat& rgb, const MaskSettings& settings);

}  // namespace samsr
