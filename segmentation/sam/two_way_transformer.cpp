#include "segmentation/sam/two_way_transformer.h"

#include "models/layers/module_names.h"
#include "segmentation/sam/layers.h"

namespace samsr {
namespace {

constexpr double kNormEpsilon = 1e-5;
/// The attentions between tokens and image work at this fraction of the width.
constexpr std::int64_t kDownsample = 2;

}  // namespace

TokenAttention::TokenAttention(std::int64_t channels, std::int64_t inner, std::int64_t heads_) : heads(heads_) {
  TORCH_CHECK(inner % heads == 0, "attention: ", heads, " heads do not divide a width of ", inner);
  q_proj = register_module("q_proj", torch::nn::Linear(channels, inner));
  k_proj = register_module("k_proj", torch::nn::Linear(channels, inner));
  v_proj = register_module("v_proj", torch::nn::Linear(channels, inner));
  out_proj = register_module("out_proj", torch::nn::Linear(inner, channels));
}

at::Tensor TokenAttention::forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const auto split = [this](const at::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
  };
  const at::Tensor attended = at::scaled_dot_product_attention(split(q_proj(q)), split(k_proj(k)), split(v_proj(v)));
  return out_proj(attended.transpose(1, 2).flatten(2));
}

TwoWayBlock::TwoWayBlock(const SamArchitecture& sizes, bool first) : first_(first) {
  const std::int64_t channels = sizes.prompt_dim;
  const auto attention = [&](const std::string& name, std::int64_t inner) {
    return register_module(name, std::make_shared<TokenAttention>(channels, inner, sizes.decoder_heads));
  };
  const auto norm = [&](const std::string& name) { return register_module(name, layer_norm(channels, kNormEpsilon)); };
  self_attn = attention("self_attn", channels);
  norm1 = norm("norm1");
  cross_attn_token_to_image = attention("cross_attn_token_to_image", channels / kDownsample);
  norm2 = norm("norm2");
  lin1 = torch::nn::Linear(channels, sizes.decoder_mlp_dim);
  lin2 = torch::nn::Linear(sizes.decoder_mlp_dim, channels);
  register_module("mlp", named_slots({{"lin1", lin1.ptr()}, {"lin2", lin2.ptr()}}));
  norm3 = norm("norm3");
  norm4 = norm("norm4");
  cross_attn_image_to_token = attention("cross_attn_image_to_token", channels / kDownsample);
}

at::Tensor TwoWayBlock::attend_to_tokens(const at::Tensor& tokens, const at::Tensor& token_positions) {
  if (first_) {
    return norm1(self_attn->forward(tokens, tokens, tokens));
  }
  const at::Tensor q = tokens + token_positions;
  return norm1(tokens + self_attn->forward(q, q, tokens));
}

at::Tensor TwoWayBlock::through_mlp(const at::Tensor& tokens) { return norm3(tokens + lin2(at::relu(lin1(tokens)))); }

TwoWayBlock::Streams TwoWayBlock::forward(const Streams& streams, const at::Tensor& token_positions,
                                          const at::Tensor& image_positions) {
  const at::Tensor placed_image = streams.image + image_positions;
  at::Tensor tokens = attend_to_tokens(streams.tokens, token_positions);
  tokens = norm2(tokens + cross_attn_token_to_image->forward(tokens + token_positions, placed_image, streams.image));
  tokens = through_mlp(tokens);
  const at::Tensor image =
      norm4(streams.image + cross_attn_image_to_token->forward(placed_image, tokens + token_positions, tokens));
  return {tokens, image};
}

TwoWayTransformer::TwoWayTransformer(const SamArchitecture& sizes) {
  const auto list = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i] = std::make_shared<TwoWayBlock>(sizes, i == 0);
    list->push_back(layers[i]);
  }
  final_attn_token_to_image = register_module(
      "final_attn_token_to_image",
      std::make_shared<TokenAttention>(sizes.prompt_dim, sizes.prompt_dim / kDownsample, sizes.decoder_heads));
  norm_final_attn = register_module("norm_final_attn", layer_norm(sizes.prompt_dim, kNormEpsilon));
}

TwoWayBlock::Streams TwoWayTransformer::forward(const at::Tensor& image, const at::Tensor& image_positions,
                                                const at::Tensor& tokens) {
  TwoWayBlock::Streams streams{tokens, image};
  for (const auto& layer : layers) {
    streams = layer->forward(streams, tokens, image_positions);
  }
  streams.tokens =
      norm_final_attn(streams.tokens + final_attn_token_to_image->forward(
                                           streams.tokens + tokens, streams.image + image_positions, streams.image));
  return streams;
}

}  // namespace samsr
