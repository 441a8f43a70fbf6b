#pragma once

#include <yaml-cpp/yaml.h>

#include "segmentation/automatic/automatic_masks_settings.h"

namespace samsr::testing {

/// The `amg` section of a golden file.
inline AutomaticMaskSettings automatic_settings(const YAML::Node& node) {
  AutomaticMaskSettings settings;
  settings.points_per_side = node["points_per_side"].as<int>();
  settings.points_per_batch = node["points_per_batch"].as<int>();
  settings.pred_iou_thresh = node["pred_iou_thresh"].as<double>();
  settings.stability_score_thresh = node["stability_score_thresh"].as<double>();
  settings.stability_score_offset = node["stability_score_offset"].as<double>();
  settings.box_nms_thresh = node["box_nms_thresh"].as<double>();
  settings.crop_n_layers = node["crop_n_layers"].as<int>();
  settings.crop_nms_thresh = node["crop_nms_thresh"].as<double>();
  settings.crop_overlap_ratio = node["crop_overlap_ratio"].as<double>();
  settings.crop_n_points_downscale_factor = node["crop_n_points_downscale_factor"].as<int>();
  settings.min_mask_region_area = node["min_mask_region_area"].as<int>();
  return settings;
}

}  // namespace samsr::testing
