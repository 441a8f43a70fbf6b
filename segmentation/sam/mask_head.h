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

  /// One point's masks by a CPU's kernels, on one core in tiles that stay in its cache: image (grid·grid, C), weights
  /// (M, C/8) float32 -> logits (M, 4·grid, 4·grid) float32.
  at::Tensor logits(const at::Tensor& image, const at::Tensor& weights) const;

  /// Those of several points at once, on any device: images (N, grid·grid, C), weights (N, M, C/8) float32, wanted (K)
  /// int64, rows of the N·M masks -> logits (K, 4·grid, 4·grid) float32. Waits for nothing.
  at::Tensor logits_of_points(const at::Tensor& images, const at::Tensor& weights, const at::Tensor& wanted) const;

 private:
  /// positions (n, C) -> (16·n, C/8): those that each becomes, one after the other.
  at::Tensor enlarged(const at::Tensor& positions) const;

  /// Layer norm of rows (n, C/4) without a mean, in place. LibTorch's layer norm takes a block of a GPU's threads for
  /// each row, and of such short ones there are 16,384 a point.
  void normalise_centred_(at::Tensor& rows) const;

  at::Tensor matrix_in_;    ///< (4·C/4, C); where no CPU's kernels compute, of results without a mean
  at::Tensor bias_in_;      ///< (4·C/4), likewise
  at::Tensor norm_weight_;  ///< (C/4) float32
  at::Tensor norm_bias_;    ///< (C/4) float32
  at::Tensor matrix_out_;   ///< (4·C/8, C/4)
  at::Tensor bias_out_;     ///< (4·C/8)
};

}  // namespace samsr
