#include "segmentation/automatic/automatic_masks_settings.h"

#include <cmath>

namespace samsr {

void AutomaticMaskSettings::bind(Settings& settings) {
  settings.add("masks.points_per_side", points_per_side, "sam: points along each side of the image").between(1, 1024);
  settings.add("masks.points_per_batch", points_per_batch, "sam: points answered at once; memory, not the result")
      .between(1, 65536);
  settings.add("masks.pred_iou_thresh", pred_iou_thresh, "sam: masks of a lower predicted IoU are dropped; 0 for none")
      .between(0.0, 1.0);
  settings
      .add("masks.stability_score_thresh", stability_score_thresh,
           "sam: masks that change more with the threshold of their logits are dropped; 0 for none")
      .between(0.0, 1.0);
  settings
      .add("masks.stability_score_offset", stability_score_offset, "sam: how far that threshold is moved up and down")
      .between(0.0, 1000.0);
  settings.add("masks.box_nms_thresh", box_nms_thresh, "sam: IoU of boxes above which two masks of a crop are one")
      .between(0.0, 1.0);
  settings.add("masks.crop_n_layers", crop_n_layers, "sam: layers of crops beside the image; layer n has 4^n")
      .between(0, 5);
  settings.add("masks.crop_nms_thresh", crop_nms_thresh, "sam: the same between crops; smaller crops are preferred")
      .between(0.0, 1.0);
  settings
      .add("masks.crop_overlap_ratio", crop_overlap_ratio, "sam: share of the shorter side that crops have in common")
      .between(0.0, 1.0);
  settings
      .add("masks.crop_n_points_downscale_factor", crop_n_points_downscale_factor,
           "sam: a crop of layer n has points_per_side divided by this to the n")
      .between(1, 64);
  settings
      .add("masks.min_mask_region_area", min_mask_region_area,
           "sam: smaller holes are filled and smaller islands removed, pixels; 0 for none")
      .at_least(0);
}

int AutomaticMaskSettings::points_per_side_of(int layer) const {
  return static_cast<int>(points_per_side / std::pow(crop_n_points_downscale_factor, layer));
}

void AutomaticMaskSettings::check() const {
  if (points_per_side_of(crop_n_layers) < 1) {
    throw UserError(
        "masks.crop_n_points_downscale_factor is {}: crops of layer {} would have no point of masks.points_per_side "
        "= {}; choose a smaller factor or fewer masks.crop_n_layers",
        crop_n_points_downscale_factor, crop_n_layers, points_per_side);
  }
}

}  // namespace samsr
