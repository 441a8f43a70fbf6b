#pragma once

#include <string>
#include <vector>

#include "core/settings.h"
#include "segmentation/automatic/automatic_masks_settings.h"

namespace samsr {

/// How the masks of Eq. 3-4 are made.
struct MaskSettings {
  std::string source = "graph";         ///< or sam
  std::string weights;                  ///< sam: file of ViT-B, -L or -H
  std::string precision = "fp32";       ///< sam: of the network, or bf16
  int images_per_batch = 1;             ///< sam: that the network sees at once
  std::string picture = "auto";         ///< that is segmented: lr, the enlarged LR image; latent, its latent
  std::string latent_range = "sample";  ///< latents stretched to bytes by a range of their own, or of a batch
  int range_group = 64;                 ///< latents of such a batch: consecutive samples of a shard
  AutomaticMaskSettings automatic;
  /// The segmented image is the low-resolution one enlarged ×4: its own pixels have the full contrast of an
  /// edge, the enlarged ones only a slope that the segmentation would walk over.
  int graph_reduce = 4;
  double graph_sigma = 0.8;                          ///< blur, pixels of the reduced image
  std::vector<double> graph_k{150, 300, 600, 1200};  ///< one scale each
  std::vector<int> graph_min_size{8, 16, 24, 32};    ///< pixels of the reduced image, for each scale
  double graph_min_area = 0.002;                     ///< share of the image
  double graph_max_area = 0.3;                       ///< share of the image
  double graph_same = 0.8;                           ///< intersection over union
  double pool_threshold = 0.5;

  void bind(Settings& settings);
  /// Whether latents are segmented; `released`: samsr.variant, which `auto` follows where Segment Anything does it.
  bool of_latents(bool released) const {
    return picture == "latent" || (picture == "auto" && released && source == "sam");
  }
  /// UserError where settings contradict each other.
  void check() const;
};

}  // namespace samsr
