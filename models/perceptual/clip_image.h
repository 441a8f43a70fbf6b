#pragma once

#include <c10/core/Device.h>

#include <optional>
#include <vector>

#include "models/layers/packed_conv.h"
#include "models/perceptual/input_scaling.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Tensors of the image side of CLIP's RN50, under their official names (visual.…).
std::vector<WantedWeight> clip_image_weights();

/// Image side of CLIP's RN50 (Radford et al. 2021): a ResNet of 3, 4, 6, 3 bottlenecks whose strides are average
/// pools, and one query's attention over its last map. Of any image size: the positional embedding is left out, as
/// CLIPIQA does.
class ClipImage {
 public:
  /// `weights` hold clip_image_weights(), of any number type; batch norms are folded into the convolutions.
  ClipImage(const NamedWeights& weights, c10::Device device);

  /// Features (B,1024) of images (B,3,H,W) in [0,1], float32, on the device, each side at least smallest_side().
  at::Tensor operator()(const at::Tensor& images) const;
  static std::int64_t smallest_side() { return 31; }

 private:
  struct Block {
    PackedConv reduce;
    PackedConv filter;
    PackedConv expand;
    std::optional<PackedConv> shortcut;
    bool halves;
  };

  at::Tensor pooled(const at::Tensor& map) const;

  InputScaling scaling_;
  std::vector<PackedConv> stem_;
  std::vector<Block> blocks_;
  at::Tensor query_weight_, query_bias_;  ///< (2048,2048), (2048); divided by the root of a head's width
  at::Tensor key_weight_;                 ///< (heads, 64, 2048)
  at::Tensor value_weight_, value_bias_;  ///< (heads, 2048, 64), (2048)
  at::Tensor out_weight_, out_bias_;      ///< (1024, 2048), (1024)
};

}  // namespace samsr
