#include "segmentation/sam/folded_attention.h"

#include <ATen/ATen.h>

#include <cmath>

namespace samsr {
namespace {

/// (N, T, H·d) -> (N, H, T, d).
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) { return x.unflatten(2, {heads, -1}).transpose(1, 2); }

/// (N, H, T, …) -> (N, T·H, …).
at::Tensor token_by_token(const at::Tensor& x) { return x.transpose(1, 2).flatten(1, 2); }

/// A weight (H·d, C) head by head: (H, d, C).
at::Tensor rows_by_head(const at::Tensor& weight, std::int64_t heads) { return weight.unflatten(0, {heads, -1}); }

at::Tensor projected(const torch::nn::Linear& linear, const at::Tensor& x) {
  return at::linear(x, linear->weight, linear->bias);
}

at::Tensor over_root(const at::Tensor& split) { return split / std::sqrt(static_cast<double>(split.size(3))); }

}  // namespace

at::Tensor fold_queries(const TokenAttention& tokens_to_image, const at::Tensor& placed_tokens, at::ScalarType type) {
  const std::int64_t heads = tokens_to_image.heads;
  const at::Tensor q = over_root(split_heads(projected(tokens_to_image.q_proj, placed_tokens), heads));
  return token_by_token(at::matmul(q, rows_by_head(tokens_to_image.k_proj->weight, heads))).to(type);
}

at::Tensor unfold_result(const TokenAttention& tokens_to_image, const at::Tensor& means) {
  const std::int64_t heads = tokens_to_image.heads;
  const at::Tensor by_head = means.unflatten(1, {-1, heads}).transpose(1, 2);
  const at::Tensor values =
      at::matmul(by_head, rows_by_head(tokens_to_image.v_proj->weight, heads).transpose(1, 2)).transpose(1, 2);
  return projected(tokens_to_image.out_proj, values.flatten(2) + tokens_to_image.v_proj->bias);
}

FoldedKeys fold_keys(const TokenAttention& image_to_tokens, const at::Tensor& tokens, const at::Tensor& placed_tokens,
                     at::ScalarType type) {
  const std::int64_t heads = image_to_tokens.heads;
  const auto& q = image_to_tokens.q_proj;
  const auto& out = image_to_tokens.out_proj;
  const at::Tensor k = over_root(split_heads(projected(image_to_tokens.k_proj, placed_tokens), heads));
  const at::Tensor v = split_heads(projected(image_to_tokens.v_proj, tokens), heads);
  const at::Tensor bias = at::matmul(k, q->bias.view({heads, -1, 1})).squeeze(3);
  // A position's attention sums to one over the tokens of each head, so each head carries its part of the bias.
  const at::Tensor values =
      at::matmul(v, rows_by_head(out->weight.t(), heads)) + out->bias / static_cast<double>(heads);
  return {token_by_token(at::matmul(k, rows_by_head(q->weight, heads))).to(type), token_by_token(bias).to(type),
          token_by_token(values).transpose(1, 2).to(type).contiguous()};
}

}  // namespace samsr
