#pragma once
// The one way from a picture to its coverage C (Eq. 3-4 of SAMSR), so that a student meets, when it is used, the masks
// that it was trained with: the LR picture is enlarged, segmented, and the masks are pooled back and counted.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "segmentation/mask_source.h"

namespace samsr {

/// The picture in which the masks of an LR one are looked for: CV_8UC3 (H, W) to (scale·H, scale·W), by the bicubic
/// interpolation of the degradation, rounded. A scale of 1 gives `lr` itself, sharing its data.
cv::Mat enlarged_for_masks(const cv::Mat& lr, int scale);

/// What was found in one picture.
struct PictureMasks {
  at::Tensor masks;     ///< (M, scale·H, scale·W) uint8, 0 or 1; M may be 0
  at::Tensor coverage;  ///< (H, W) uint8: how many masks lie over each LR pixel, contiguous
};

/// Masks and coverage of pictures of the enlarged size, CV_8UC3 with sides that are multiples of `scale`, each of any
/// size. A mask counts for an LR pixel where it covers more than `threshold` (masks.pool_threshold) of its
/// scale × scale pixels.
std::vector<PictureMasks> coverage_of(const std::vector<cv::Mat>& enlarged, int scale, MaskSource& source,
                                      double threshold);

}  // namespace samsr
