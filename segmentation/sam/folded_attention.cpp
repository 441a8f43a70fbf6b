#include "segmentation/sam/folded_attention.h"

#include <ATen/ATen.h>

#include <cmath>

namespace samsr {
namespace {

/// (…, n, H·d) -> (…, H, n, d).
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.unflatten(-1, {heads, -1}).transpose(-3, -2);
}

/// (P, H·d) -> (H, d, P) of `type`.
at::Tensor heads_by_channels(const at::Tensor& x, std::int64_t heads, at::ScalarType type) {
  return x.t().unflatten(0, {heads, -1}).to(type).contiguous();
}

/// x (N, H, T, d) times each head's rows of a weight (H·d, C): (N, H·T, C).
at::Tensor fold(const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor rows = weight.unflatten(0, {x.size(1), x.size(3)});
  return at::matmul(x, rows).flatten(1, 2);
}

double over_root(const at::Tensor& split) { return 1 / std::sqrt(static_cast<double>(split.size(-1))); }

/// image + attention to the tokens of each position; scores (count, H, T, P).
at::Tensor add_attended(const at::Tensor& image, const at::Tensor& scores, const at::Tensor& values) {
  const at::Tensor weights = at::softmax(scores, 2).flatten(1, 2).transpose(1, 2);
  return at::baddbmm(image, weights, values);
}

}  // namespace

at::Tensor PointRange::of(const at::Tensor& points) const { return points.narrow(0, first, count); }

TokensToImage::TokensToImage(const TokenAttention& attention, const at::Tensor& positions, at::ScalarType type)
    : attention_(attention),
      position_keys_(
          heads_by_channels(at::matmul(positions, attention.k_proj->weight.t()), attention.heads, type)) {}

TokensToImage::Queries TokensToImage::queries(const at::Tensor& placed_tokens) const {
  at::Tensor q = split_heads(
      at::linear(placed_tokens, attention_.q_proj->weight, attention_.q_proj->bias), attention_.heads);
  q = q * over_root(q);
  const at::ScalarType type = position_keys_.scalar_type();
  return {q.to(type).contiguous(), fold(q, attention_.k_proj->weight).to(type)};
}

at::Tensor TokensToImage::pool(const Queries& queries, PointRange range, const at::Tensor& image) const {
  at::Tensor scores = at::matmul(range.of(queries.inner), position_keys_).flatten(1, 2);
  scores.baddbmm_(range.of(queries.folded), image.transpose(1, 2));
  return at::bmm(at::softmax(scores, 2), image);
}

at::Tensor TokensToImage::result(const at::Tensor& pooled) const {
  const std::int64_t heads = attention_.heads;
  const at::Tensor rows = attention_.v_proj->weight.unflatten(0, {heads, -1}).transpose(1, 2);
  const at::Tensor values = at::matmul(pooled.unflatten(1, {heads, -1}), rows).transpose(1, 2).flatten(2);
  return at::linear(values + attention_.v_proj->bias, attention_.out_proj->weight, attention_.out_proj->bias);
}

ImageToTokens::ImageToTokens(const TokenAttention& attention, const at::Tensor& positions, at::ScalarType type)
    : attention_(attention), type_(type), position_queries_(shared_queries(positions)) {}

at::Tensor ImageToTokens::shared_queries(const at::Tensor& placed_image) const {
  const auto& projection = attention_.q_proj;
  return heads_by_channels(at::linear(placed_image, projection->weight, projection->bias), attention_.heads, type_);
}

ImageToTokens::Keys ImageToTokens::keys(const at::Tensor& tokens, const at::Tensor& placed_tokens) const {
  const std::int64_t heads = attention_.heads;
  at::Tensor k =
      split_heads(at::linear(placed_tokens, attention_.k_proj->weight, attention_.k_proj->bias), heads);
  k = k * over_root(k);
  const at::Tensor v = split_heads(at::linear(tokens, attention_.v_proj->weight, attention_.v_proj->bias), heads);
  // A position's attention sums to one over the tokens of each head, so each head carries its part of the bias.
  const at::Tensor values =
      fold(v, attention_.out_proj->weight.t()) + attention_.out_proj->bias / static_cast<double>(heads);
  return {k.to(type_).contiguous(), fold(k, attention_.q_proj->weight).to(type_), values.to(type_)};
}

at::Tensor ImageToTokens::add_result(const Keys& keys, PointRange range, const at::Tensor& image) const {
  const at::Tensor inner = range.of(keys.inner);
  at::Tensor scores = at::matmul(inner, position_queries_).flatten(1, 2);
  scores.baddbmm_(range.of(keys.folded), image.transpose(1, 2));
  return add_attended(image, scores.unflatten(1, {inner.size(1), inner.size(2)}), range.of(keys.values));
}

at::Tensor ImageToTokens::add_result(const Keys& keys, PointRange range, const at::Tensor& image,
                                     const at::Tensor& shared_queries) const {
  const at::Tensor scores = at::matmul(range.of(keys.inner), shared_queries);
  return add_attended(image.unsqueeze(0).expand({range.count, -1, -1}), scores, range.of(keys.values));
}

}  // namespace samsr
