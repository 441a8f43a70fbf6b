#pragma once
// What a squared error leaves out of a picture: losses of the one-step prediction against the HR image that need no
// downloaded network. All take images (B,3,H,W), RGB in [-1,1], sides of at least 32, and give (B) float32.

#include <ATen/core/Tensor.h>

namespace samsr {

/// Mean |prediction - truth|. A squared error pays for large errors first, this one for all alike, so that small detail
/// counts too.
at::Tensor absolute_loss(const at::Tensor& prediction, const at::Tensor& truth);

/// 1 - SSIM of Y (Wang et al., 2004: a Gaussian window of 11×11, σ = 1.5, inside the image; K = 0.01, 0.03), as the
/// metric ssim_y measures it. Unlike a squared error it misses contrast that a blur has taken.
at::Tensor structure_loss(const at::Tensor& prediction, const at::Tensor& truth);

/// Mean |∇prediction - ∇truth| over rows and columns, of the luma at full, half and quarter size (means of 2×2): edges
/// as sharp as they are, of all widths.
at::Tensor gradient_loss(const at::Tensor& prediction, const at::Tensor& truth);

/// Mean |A(prediction) - A(truth)|, A the local amplitude of a high-frequency band of the luma: the root of the mean
/// square, over windows of 8×8 every 4 pixels, of what a binomial 3×3 blur takes away, at full and half size. It asks
/// for as much detail as there is at a place, and not for its phase, which cannot be known: a squared error answers
/// that with a blur.
at::Tensor texture_loss(const at::Tensor& prediction, const at::Tensor& truth);

}  // namespace samsr
