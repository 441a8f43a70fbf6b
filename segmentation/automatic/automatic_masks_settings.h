#pragma once

#include "core/settings.h"

namespace samsr {

/// Settings of automatic mask generation; names and defaults of the published generator.
struct AutomaticMaskSettings {
  int points_per_side = 32;
  int points_per_batch = 64;
  double pred_iou_thresh = 0.88;
  double stability_score_thresh = 0.95;
  double stability_score_offset = 1.0;
  double box_nms_thresh = 0.7;
  int crop_n_layers = 0;
  double crop_nms_thresh = 0.7;
  double crop_overlap_ratio = 512.0 / 1500.0;
  int crop_n_points_downscale_factor = 1;
  int min_mask_region_area = 0;

  /// Section `masks.`.
  void bind(Settings& settings);
  /// UserError where settings contradict each other.
  void check() const;
  /// Points along each side of a crop of layer `layer`.
  int points_per_side_of(int layer) const;
};

}  // namespace samsr
