#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// What MUSIQ looks at: patches of 32x32 of all scales, in the order of its sequence.
struct MusiqPatches {
  at::Tensor pixels;     ///< (B·S,3,32,32), channels last, image by image
  at::Tensor positions;  ///< (S) int64: cell of a 10x10 grid, row-major, that the patch falls into
  at::Tensor scales;     ///< (S) int64: 0 and 1 for a longer side of 224 and 384, 2 for the picture's own size
};

/// Patches of images (B,3,H,W), float32, of any size for which musiq_defined_for() holds. Resizing is bicubic
/// (a = -0.75) without antialiasing and keeps the aspect; edges are padded with zeros on both sides to whole patches.
MusiqPatches musiq_patches(const at::Tensor& images);

/// Whether both sides are at least a pixel at every scale.
bool musiq_defined_for(std::int64_t height, std::int64_t width);

}  // namespace samsr
