#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "segmentation/automatic/automatic_masks_settings.h"
#include "segmentation/automatic/bit_mask.h"
#include "segmentation/automatic/mask_box.h"
#include "segmentation/point_decoder.h"

namespace samsr {

/// One mask of an image and what speaks for it.
struct AutomaticMask {
  BitMask mask;
  MaskBox box;                ///< pixels of the image
  float predicted_iou = 0;    ///< by the network
  float stability_score = 0;  ///< IoU of the masks at logits +offset and -offset
  cv::Point2d point;          ///< that was asked, pixels of the image
  cv::Rect crop;              ///< in which it was found
};

/// Everything in each of some images (Segment Anything, automatic mask generation): a grid of points over the image
/// and its crops, three masks a point; those kept whose predicted IoU and stability are high enough and that do not
/// end at an inner edge of their crop; of overlapping boxes the best, in a crop by predicted IoU, between crops
/// from the smallest crop; at last small holes and islands cleaned. images: CV_8UC3 (H, W), each of its own size.
/// The order of an image's masks is that of the published generator.
std::vector<std::vector<AutomaticMask>> generate_masks(const std::vector<cv::Mat>& images,
                                                       const AutomaticMaskSettings& settings, PointDecoder& decoder);

}  // namespace samsr
