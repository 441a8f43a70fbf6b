#pragma once
// Segment Anything's image encoder: a vision transformer whose blocks attend inside windows but for a few, with
// decomposed relative positions, and a convolutional neck.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "segmentation/sam/architecture.h"
#include "segmentation/sam/layers.h"

namespace samsr {

/// Multi-head self-attention on a grid.
class GridAttention : public torch::nn::Module {
 public:
  /// side: of the grid that is attended over, patches.
  GridAttention(std::int64_t channels, std::int64_t heads, std::int64_t side);
  /// x (B, side, side, C) -> the same shape.
  at::Tensor forward(const at::Tensor& x);

 private:
  const std::int64_t heads_;
  at::Tensor rel_pos_h_;  ///< (2·side-1, C/heads)
  at::Tensor rel_pos_w_;
  torch::nn::Linear qkv_{nullptr};
  torch::nn::Linear proj_{nullptr};
};

/// Attention and MLP, each behind a layer norm and added to its input.
class VitBlock : public torch::nn::Module {
 public:
  /// window: side of the windows in patches, 0 for attention over the whole grid.
  VitBlock(const SamArchitecture& sizes, std::int64_t window);
  /// x (B, H, W, C) -> the same shape. Where windows do not divide the grid it is padded with zeros, which take
  /// part in the attention, as in the official code.
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor attend(const at::Tensor& x);

  const std::int64_t window_;
  torch::nn::LayerNorm norm1_{nullptr};
  std::shared_ptr<GridAttention> attention_;
  torch::nn::LayerNorm norm2_{nullptr};
  torch::nn::Linear lin1_{nullptr};
  torch::nn::Linear lin2_{nullptr};
};

/// Without gradients.
class SamImageEncoder : public torch::nn::Module {
 public:
  explicit SamImageEncoder(const SamArchitecture& sizes);
  /// image (B, 3, img_size, img_size), normalised, of the parameters' type -> (B, prompt_dim, grid, grid).
  at::Tensor forward(const at::Tensor& image);

 private:
  const std::int64_t img_size_;
  at::Tensor pos_embed_;  ///< (1, grid, grid, C)
  torch::nn::Conv2d patches_{nullptr};
  std::vector<std::shared_ptr<VitBlock>> blocks_;
  torch::nn::Conv2d neck_in_{nullptr};
  std::shared_ptr<LayerNorm2d> neck_norm_in_;
  torch::nn::Conv2d neck_out_{nullptr};
  std::shared_ptr<LayerNorm2d> neck_norm_out_;
};

}  // namespace samsr
