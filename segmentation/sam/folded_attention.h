#pragma once
// The attentions between tokens and image with the image's projections moved to the tokens' side. A point has
// seven tokens and thousands of positions, so that q·(W_k x)ᵀ is dear and (W_kᵀ q)·xᵀ cheap, and likewise for
// values. With x the image, x' the image with its positions added:
//
//   tokens to image   scores q·(W_k x' + b_k)ᵀ = (W_kᵀ q)·x'ᵀ + constant        result W_v (a·x) + b_v
//   image to tokens   scores (W_q x' + b_q)·kᵀ = x'·(W_qᵀ k) + b_q·k            result a·(v W_o) + b_o
//
// A constant added to all scores of a query does not matter. Shapes: N points of T tokens each, H heads, M = T·H,
// token by token; P positions, C channels. All in float32; what meets the image is then of the image's type.

#include <ATen/core/Tensor.h>

#include "segmentation/sam/two_way_transformer.h"

namespace samsr {

/// What the tokens of N points ask of their images: folded queries, over √d, (N, M, C).
at::Tensor fold_queries(const TokenAttention& tokens_to_image, const at::Tensor& placed_tokens, at::ScalarType type);

/// Their attention's means of the image (N, M, C) float32 -> what is added to the tokens, (N, T, C).
at::Tensor unfold_result(const TokenAttention& tokens_to_image, const at::Tensor& means);

/// What the images of N points find in their tokens.
struct FoldedKeys {
  at::Tensor keys;    ///< (N, M, C), over √d
  at::Tensor bias;    ///< (N, M), to add to the scores
  at::Tensor values;  ///< (N, C, M), with W_o and b_o
};
FoldedKeys fold_keys(const TokenAttention& image_to_tokens, const at::Tensor& tokens, const at::Tensor& placed_tokens,
                     at::ScalarType type);

}  // namespace samsr
