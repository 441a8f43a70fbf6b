#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <opencv2/core.hpp>

#include "segmentation/mask_source.h"

namespace samsr {

/// Number of masks over each pixel of an LR picture: CV_8UC3 or CV_16UC3 RGB (H,W) to (1,1,H,W) uint8. The enlarged
/// picture (enlarged_for_masks) is segmented window by window, `window` LR pixels at most a side, so that segments have
/// the sizes that the masks of training crops have; it is made and held for one row of windows at a time.
at::Tensor picture_coverage(const cv::Mat& rgb, std::int64_t scale, std::int64_t window, MaskSource& masks,
                            double pool_threshold);

/// The same where masks are those of the picture's latent (1,3,H,W) float32: it is stretched to bytes as a whole, and
/// segmented window by window.
at::Tensor latent_coverage(const at::Tensor& latent, std::int64_t window, MaskSource& masks, double pool_threshold);

}  // namespace samsr
