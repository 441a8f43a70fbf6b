#pragma once
// The transformer of Segment Anything's mask decoder: tokens attend to the image, and the image to the tokens.

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>

#include "segmentation/sam/architecture.h"

namespace samsr {

/// Attention whose inner width may be below that of its input.
class TokenAttention : public torch::nn::Module {
 public:
  TokenAttention(std::int64_t channels, std::int64_t inner, std::int64_t heads);
  /// q (B, n, C), k and v (B, m, C) -> (B, n, C).
  at::Tensor forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

  const std::int64_t heads;
  torch::nn::Linear q_proj{nullptr};    ///< C -> inner; heads one after the other
  torch::nn::Linear k_proj{nullptr};    ///< C -> inner
  torch::nn::Linear v_proj{nullptr};    ///< C -> inner
  torch::nn::Linear out_proj{nullptr};  ///< inner -> C
};

/// Tokens attend to themselves, then to the image, pass an MLP, then the image attends to them. The layers are
/// open to SamPointDecoder, which computes the same with the image's side folded.
class TwoWayBlock : public torch::nn::Module {
 public:
  struct Streams {
    at::Tensor tokens;  ///< (B, n, C)
    at::Tensor image;   ///< (B, positions, C)
  };

  /// first: the block's tokens are still their own positions, so none are added, and they have no residual.
  TwoWayBlock(const SamArchitecture& sizes, bool first);
  /// token_positions and image_positions of the shapes of the streams.
  Streams forward(const Streams& streams, const at::Tensor& token_positions, const at::Tensor& image_positions);

  /// The parts that concern tokens alone, (B, n, C) -> (B, n, C), each with its residual and norm.
  at::Tensor attend_to_tokens(const at::Tensor& tokens, const at::Tensor& token_positions);
  at::Tensor through_mlp(const at::Tensor& tokens);

  std::shared_ptr<TokenAttention> self_attn;
  torch::nn::LayerNorm norm1{nullptr};
  std::shared_ptr<TokenAttention> cross_attn_token_to_image;
  torch::nn::LayerNorm norm2{nullptr};
  torch::nn::Linear lin1{nullptr};
  torch::nn::Linear lin2{nullptr};
  torch::nn::LayerNorm norm3{nullptr};
  torch::nn::LayerNorm norm4{nullptr};
  std::shared_ptr<TokenAttention> cross_attn_image_to_token;

 private:
  const bool first_;
};

/// Two blocks and a last attention of the tokens to the image.
class TwoWayTransformer : public torch::nn::Module {
 public:
  explicit TwoWayTransformer(const SamArchitecture& sizes);
  /// image and image_positions (B, positions, C), tokens (B, n, C).
  TwoWayBlock::Streams forward(const at::Tensor& image, const at::Tensor& image_positions, const at::Tensor& tokens);

  std::array<std::shared_ptr<TwoWayBlock>, 2> layers;
  std::shared_ptr<TokenAttention> final_attn_token_to_image;
  torch::nn::LayerNorm norm_final_attn{nullptr};
};

}  // namespace samsr
