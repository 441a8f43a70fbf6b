#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "segmentation/sam/mask_decoder.h"

namespace samsr {

/// The last step of the mask decoder: the image of a point, enlarged four times, times the weights of its masks.
/// Transposed convolutions of stride 2 and side 2 are products with a matrix, position by position.
class SamMaskHead {
 public:
  /// type: of the images and of the computation.
  SamMaskHead(const SamMaskDecoder& decoder, at::ScalarType type);

  /// image (B, grid·grid, C), weights (B, M, C/8) float32 -> logits (B, M, 4·grid, 4·grid) float32.
  at::Tensor logits(const at::Tensor& image, const at::Tensor& weights) const;

 private:
  at::Tensor matrix_in_;   ///< (C, 4·C/4)
  at::Tensor bias_in_;     ///< (4·C/4)
  at::Tensor norm_weight_;
  at::Tensor norm_bias_;
  at::Tensor matrix_out_;  ///< (C/4, 4·C/8)
  at::Tensor bias_out_;    ///< (4·C/8)
};

}  // namespace samsr
