#pragma once
// The Swin Transformer of SwinIR on maps (B,C,H,W) that lie channels last: layer norms, linear layers, the mask of the
// Swin paper. Official names (models/network_swinir.py). The denoiser's Swin layers are models/unet/swin.h.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "models/layers/activated_conv.h"

namespace samsr {

/// What the Swin paper adds to the scores of a map's shifted windows: (windows, w·w, w·w) float32, 0 where positions
/// were neighbours before the shift, else -100; windows in row-major order.
at::Tensor cyclic_shift_mask(std::int64_t height, std::int64_t width, std::int64_t window, std::int64_t shift);

/// Self-attention inside windows of w×w positions with a learned bias of each offset.
class SwinIrAttention : public torch::nn::Module {
 public:
  SwinIrAttention(std::int64_t channels, std::int64_t window, std::int64_t heads);
  /// windows (B, windows, w·w, C); `masks` (K, w·w, w·w) added to the scores of the K windows whose numbers are
  /// `masked` (K) int64; both undefined for none -> the shape of `windows`.
  at::Tensor forward(const at::Tensor& windows, const at::Tensor& masks, const at::Tensor& masked);

 private:
  const std::int64_t heads_;
  const std::int64_t window_;
  at::Tensor bias_table_;      ///< ((2w-1)², heads)
  at::Tensor relative_index_;  ///< (w·w, w·w)
  torch::nn::Linear qkv_{nullptr};
  torch::nn::Linear proj_{nullptr};
};

/// Sizes of a layer.
struct SwinIrLayerOptions {
  std::int64_t channels;
  std::int64_t depth;
  std::int64_t heads;
  std::int64_t window;
  std::int64_t img_size;  ///< side of the maps that the stored mask is for
  double mlp_ratio;
  bool three_convs;  ///< resi_connection 3conv, else 1conv
};

/// Attention and MLP, each behind a layer norm and added to its input; windows shifted by half in every second block.
class SwinIrBlock : public torch::nn::Module {
 public:
  SwinIrBlock(const SwinIrLayerOptions& options, bool shifted);
  /// (B,C,H,W), H and W multiples of the window.
  at::Tensor forward(const at::Tensor& x);

 private:
  /// The mask of a map's shifted windows, of those only that the shift has divided.
  struct Masks {
    std::int64_t height = 0;
    std::int64_t width = 0;
    at::Tensor masks;
    at::Tensor masked;
  };
  const Masks& masks_for(const at::Tensor& x);

  const std::int64_t window_;
  const std::int64_t shift_;
  torch::nn::LayerNorm norm1_{nullptr};
  std::shared_ptr<SwinIrAttention> attention_;
  torch::nn::LayerNorm norm2_{nullptr};
  torch::nn::Linear fc1_{nullptr};
  torch::nn::Linear fc2_{nullptr};
  Masks cached_;
};

/// One 3×3 convolution, or three with a quarter of the channels between and LeakyReLU(0.2): (B,C,H,W) -> the same.
class SwinIrConv {
 public:
  SwinIrConv(std::int64_t channels, bool three);
  /// What its user registers under its name.
  std::shared_ptr<torch::nn::Module> module() const { return module_; }
  /// other + convolved x.
  at::Tensor add(const at::Tensor& x, const at::Tensor& other);

 private:
  std::vector<ActivatedConv> convs_;
  std::shared_ptr<torch::nn::Module> module_;
};

/// Blocks and a convolution, added to the input.
class SwinIrLayer : public torch::nn::Module {
 public:
  explicit SwinIrLayer(const SwinIrLayerOptions& options);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::vector<std::shared_ptr<SwinIrBlock>> blocks_;
  SwinIrConv conv_;
};

/// The layer norm of each position's channels, of a map that lies channels last.
at::Tensor channel_norm(torch::nn::LayerNorm& norm, const at::Tensor& x);

}  // namespace samsr
