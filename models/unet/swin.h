#pragma once
// Swin Transformer layer on maps (B,C,H,W), as ResShift's models/swin_transformer.py: group norms, 1×1
// convolutions in the MLP, windows shifted in every second block.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "models/unet/unet_layers.h"

namespace samsr {

/// For each pair of positions of a w×w window, the row of the bias table of their offset: (w·w, w·w) int64.
at::Tensor relative_position_index(std::int64_t window);

/// Multi-head self-attention inside windows of w×w positions with a learned relative position bias.
class WindowAttention : public torch::nn::Module {
 public:
  WindowAttention(std::int64_t channels, std::int64_t window, std::int64_t heads, double dropout);
  /// windows (B, windows, w·w, C); mask (windows, w·w, w·w), added to the scores of its window, or undefined.
  /// -> the shape of `windows`.
  at::Tensor forward(const at::Tensor& windows, const at::Tensor& mask);
  /// Bias of each pair of positions: (heads, w·w, w·w).
  at::Tensor position_bias() const;

 private:
  const std::int64_t heads_;
  const std::int64_t window_;
  const double dropout_;
  at::Tensor bias_table_;      ///< ((2w-1)², heads)
  at::Tensor relative_index_;  ///< (w·w, w·w) rows of the table
  AdaptableLinear qkv_{nullptr};
  AdaptableLinear proj_{nullptr};
};

/// One Swin block: windowed attention and MLP, each behind a group norm and added to its input.
class SwinBlock : public torch::nn::Module {
 public:
  struct Options {
    std::int64_t channels;
    std::int64_t heads;
    std::int64_t window;
    std::int64_t shift;       ///< 0, or the shift of the windows in positions
    std::int64_t resolution;  ///< side of the maps that the stored mask is for; others are computed
    double mlp_ratio;
    double dropout;
  };
  explicit SwinBlock(const Options& options);
  /// x (B,C,H,W), H and W multiples of the window.
  at::Tensor forward(const at::Tensor& x);

 private:
  at::Tensor mask_for(std::int64_t height, std::int64_t width, const at::Device& device);

  const Options options_;
  torch::nn::GroupNorm norm1_{nullptr};
  std::shared_ptr<WindowAttention> attention_;
  torch::nn::GroupNorm norm2_{nullptr};
  AdaptableConv2d fc1_{nullptr};
  AdaptableConv2d fc2_{nullptr};
  at::Tensor stored_mask_;  ///< buffer `attn_mask` of the official files, for resolution × resolution
  struct CachedMask {
    std::int64_t height = 0;
    std::int64_t width = 0;
    at::Tensor mask;
  } cached_;
};

/// What the official code adds to the scores of shifted windows: (windows, w·w, w·w) float32, 0 where position
/// may attend, -100 where not; windows in row-major order of a height × width map. It is not the mask of the Swin
/// paper, which separates what a cyclic shift brought together: the official code indexes its map of regions one
/// dimension off and flattens it transposed, so that only windows of the last row are divided, and those by
/// columns. Released weights are trained with it and carry it as `attn_mask`.
at::Tensor shifted_window_mask(std::int64_t height, std::int64_t width, std::int64_t window, std::int64_t shift);

/// 1×1 convolution to the embedding, `depth` Swin blocks, 1×1 convolution back.
class SwinLayer : public UNetLayer {
 public:
  struct Options {
    std::int64_t channels;
    std::int64_t embed_channels;
    std::int64_t heads;
    std::int64_t window;
    std::int64_t resolution;
    std::int64_t depth;
    double mlp_ratio;
    double dropout;
  };
  explicit SwinLayer(const Options& options);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding) override;

 private:
  AdaptableConv2d embed_{nullptr};
  AdaptableConv2d unembed_{nullptr};
  std::vector<std::shared_ptr<SwinBlock>> blocks_;
};

}  // namespace samsr
