#pragma once
// Masks read off their logits on the device that holds them: as bits, with what decides whether they are kept.

#include <ATen/core/Tensor.h>

#include "segmentation/sam/frame.h"

namespace samsr {

/// Masks of K logits in a picture of (H, W) pixels.
struct PackedMasks {
  /// (K, H, ⌈W/8⌉) uint8: pixel x is bit x mod 8 of byte ⌊x/8⌋, the lowest first; bits beyond the picture are 0.
  at::Tensor bits;
  /// (K, 6) int32: pixels whose logit is above offset; above -offset; the box's left, top, right and bottom, the last
  /// two inside. The box of an empty mask is W, H, -1, -1.
  at::Tensor numbers;
};

/// logits (K, l, l) float32, l the side of the decoder's masks: resampled to the frame's picture as
/// SamFrame::to_picture() does, a mask where they are positive. On the device of the logits, without waiting for it.
PackedMasks pack_masks(const at::Tensor& logits, const SamFrame& frame, double offset);

}  // namespace samsr
