#pragma once
// Loops over the positions of one image on one core, in float32 or bfloat16: what would otherwise be several
// passes through memory, or a layout that the library's kernels are slow at.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// scores (P, T·H), contiguous, a head's tokens H apart: each position's softmax over the tokens of each head, in
/// place.
void softmax_over_tokens_(at::Tensor& scores, std::int64_t heads);

/// scores (P, M), contiguous: their softmax over the positions, in place, but for the divisors, which are
/// returned: (M) float32.
at::Tensor softmax_over_positions_(at::Tensor& scores);

/// scores (n, h·w), contiguous: bias_h (n, h) and bias_w (n, w), of the same type, are added, and each row becomes
/// its softmax in place, but for the divisors, which are returned: (n) float32.
at::Tensor softmax_with_bias_(at::Tensor& scores, const at::Tensor& bias_h, const at::Tensor& bias_w);

/// flat (M, grid·grid·16) float32: values of positions whose order is row, column, upper or lower half, left or
/// right half, upper or lower quarter, left or right quarter -> (M, 4·grid, 4·grid).
at::Tensor as_maps(const at::Tensor& flat, std::int64_t grid);

/// out = layer norm of image + added over the channels. image, out and, unless undefined, added: (P, C),
/// contiguous, of one type; out may be image. weight and bias (C) float32.
void normalise(const at::Tensor& image, const at::Tensor& added, const at::Tensor& weight, const at::Tensor& bias,
               double epsilon, at::Tensor& out);

}  // namespace samsr
