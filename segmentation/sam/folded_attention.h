#pragma once
// The attentions between tokens and image with the image's projections moved to the tokens' side. A point has seven
// tokens and thousands of positions, so that q·(W_k x)ᵀ is dear and (W_kᵀ q)·xᵀ cheap, and likewise for values:
//
//   tokens to image   scores q·(W_k (x+p))ᵀ = (W_kᵀ q)·xᵀ + q·(W_k p)ᵀ    result W_v (a·x) + b_v
//   image to tokens   scores (W_q (x+p) + b_q)·kᵀ = x·(W_qᵀ k) + (W_q p + b_q)·kᵀ    result a·(v W_o) + b_o
//
// p, the positions, are the same for all images; a constant added to all scores of a query (b_k) does not matter.
//
// Shapes: N points of T tokens each, H heads of d channels, P positions, C channels. The tokens' side is float32;
// the image's side has the type of the image.

#include <ATen/core/Tensor.h>

#include "segmentation/sam/two_way_transformer.h"

namespace samsr {

/// Some of N points.
struct PointRange {
  std::int64_t first;
  std::int64_t count;
  at::Tensor of(const at::Tensor& points) const;
};

class TokensToImage {
 public:
  /// positions (P, C) float32; type: of the images.
  TokensToImage(const TokenAttention& attention, const at::Tensor& positions, at::ScalarType type);

  struct Queries {
    at::Tensor inner;   ///< (N, H, T, d)
    at::Tensor folded;  ///< (N, H·T, C)
  };
  /// placed_tokens (N, T, C): tokens with their positions.
  Queries queries(const at::Tensor& placed_tokens) const;
  /// image (count, P, C) of the points of `range` -> means of the image by attention, (count, H·T, C).
  at::Tensor pool(const Queries& queries, PointRange range, const at::Tensor& image) const;
  /// Means (N, H·T, C) float32 -> what is added to the tokens, (N, T, C).
  at::Tensor result(const at::Tensor& pooled) const;

 private:
  const TokenAttention& attention_;
  at::Tensor position_keys_;  ///< (H, d, P)
};

class ImageToTokens {
 public:
  ImageToTokens(const TokenAttention& attention, const at::Tensor& positions, at::ScalarType type);

  struct Keys {
    at::Tensor inner;   ///< (N, H, T, d), over √d
    at::Tensor folded;  ///< (N, H·T, C)
    at::Tensor values;  ///< (N, H·T, C), with W_o and b_o
  };
  Keys keys(const at::Tensor& tokens, const at::Tensor& placed_tokens) const;
  /// image (count, P, C) of the points of `range` -> image + result, (count, P, C).
  at::Tensor add_result(const Keys& keys, PointRange range, const at::Tensor& image) const;

  /// For an image that all points share, (P, C): its queries (H, d, P), and the same sum with them.
  at::Tensor shared_queries(const at::Tensor& placed_image) const;
  at::Tensor add_result(const Keys& keys, PointRange range, const at::Tensor& image,
                        const at::Tensor& shared_queries) const;

 private:
  const TokenAttention& attention_;
  const at::ScalarType type_;
  at::Tensor position_queries_;  ///< (H, d, P), with b_q
};

}  // namespace samsr
