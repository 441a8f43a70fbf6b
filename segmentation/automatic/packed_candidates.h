#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "segmentation/automatic/automatic_masks.h"
#include "segmentation/point_decoder.h"
#include "segmentation/sam/frame.h"

namespace samsr {

/// The masks that may be kept of one crop, as bits on the device of their logits. Which are kept is decided on the host
/// from a few numbers of each, and only those are copied: the host waits for the device once for the numbers and once
/// for the bits, however many points there are.
class PackedCandidates {
 public:
  /// crop: of an image of size `image`; side: of the network's input.
  PackedCandidates(cv::Size image, cv::Rect crop, std::int64_t side, const AutomaticMaskSettings& settings);

  /// Answers to some of the crop's points, pixels of the crop. Waits for nothing.
  void add(const PointMasks& answers, const std::vector<cv::Point2d>& points);

  /// Those that are stable, not cut off by the crop, and of overlapping boxes the best: by falling predicted IoU.
  std::vector<AutomaticMask> take() const;

 private:
  /// What is known of a mask without its pixels.
  struct Candidate {
    MaskBox box;
    float stability = 0;
    std::size_t row = 0;  ///< of all that were added
  };
  std::vector<Candidate> acceptable() const;

  const cv::Size image_;
  const cv::Rect crop_;
  const SamFrame frame_;
  const AutomaticMaskSettings settings_;
  std::vector<at::Tensor> bits_;     ///< of each batch, (K, H, ⌈W/8⌉) uint8
  std::vector<at::Tensor> numbers_;  ///< of each batch, (K, 6) int32: PackedMasks::numbers
  std::vector<float> iou_;
  std::vector<cv::Point2d> points_;
};

}  // namespace samsr
