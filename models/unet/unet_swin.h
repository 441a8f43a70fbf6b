#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "models/unet/unet_layers.h"
#include "models/unet/unet_settings.h"

namespace samsr {

/// Where a flow map's network is asked, τ: its time scale.
struct FlowMapPlace {
  at::Tensor time;      ///< τs (B), floating point
  at::Tensor interval;  ///< τ(t-s) (B)
  at::Tensor prompt;    ///< (B) int64, kPositivePrompt or kNegativePrompt (diffusion/flow_map.h)
};

/// The denoiser of ResShift, SinSR and SAMSR (models.unet.UNetModelSwin), with the official parameter names.
class UNetSwinImpl : public torch::nn::Module {
 public:
  /// Fresh weights from torch's default generator; the output convolution and the last convolution of every
  /// residual block start at zero; so do the last interval layer and the prompts of a flow map. UserError when the
  /// settings do not make a network.
  explicit UNetSwinImpl(const UNetSettings& settings);

  /// x (B,C+K,h,w): the noisy latent, scaled (diffusion/diffusion.h), and K = noise_channels of noise behind it;
  /// steps (B) int64: step indices from 0;
  /// lq (B,3,H,W): LR image, RGB in [-1,1], folded (pixel_unshuffle) or enlarged (nearest) by a whole factor to
  /// h×w; unused, and may be undefined, without `cond_lq`. -> (B,out_channels,h,w).
  /// h and w must be multiples of size_multiple().
  at::Tensor forward(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq);

  /// The same of a flow map (unet.flow_map), whose embedding is time_embed(e(τs)) + interval_embed(e(τ(t-s))) +
  /// prompt_embed[c], e the sinusoids of step_embedding(). x (B,C,h,w) is unscaled, lq what it is conditioned on. Under
  /// no-grad x, time and interval may carry tangents, all of them together.
  at::Tensor velocity(const at::Tensor& x, const FlowMapPlace& place, const at::Tensor& lq);

  /// What the middle block gives for the same inputs, with gradient: (B,C',h',w'), the channels and size of the last
  /// level.
  at::Tensor middle(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq);

  /// What the encoder has of the same inputs, with gradient, for a discriminator: the maps (B,C_k,h_k,w_k) behind each
  /// Downsample, behind the last input block and behind the middle block; C_k: UNetSettings::feature_channels().
  std::vector<at::Tensor> encoder_features(const at::Tensor& x, const at::Tensor& steps, const at::Tensor& lq);

  /// The same of a flow map.
  std::vector<at::Tensor> encoder_features(const at::Tensor& x, const FlowMapPlace& place, const at::Tensor& lq);

  /// While true, the backward pass computes each layer's activations again instead of keeping them: less memory for
  /// about a third more time. The gradients are the same to rounding. UserError with dropout.
  void recompute_activations(bool recompute);

  const UNetSettings& settings() const { return settings_; }
  std::int64_t size_multiple() const { return settings_.size_multiple(); }

 private:
  using Block = std::vector<std::shared_ptr<UNetLayer>>;

  /// What the way down and the middle block leave for the way up.
  struct Encoded {
    at::Tensor middle;
    at::Tensor embedding;           ///< (B,E), of the step or the place
    std::vector<at::Tensor> skips;  ///< from the finest to the coarsest
  };

  at::Tensor embedding_of(const at::Tensor& steps);
  at::Tensor embedding_of(const FlowMapPlace& place);
  Encoded encode(const at::Tensor& x, const at::Tensor& embedding, const at::Tensor& lq);
  at::Tensor decode(Encoded encoded);
  std::vector<at::Tensor> features_of(const Encoded& encoded) const;
  /// The block on one map, or on two that are joined along their channels.
  at::Tensor run(const Block& block, const std::vector<at::Tensor>& maps, const at::Tensor& embedding) const;
  at::Tensor with_condition(const at::Tensor& x, const at::Tensor& lq) const;
  std::shared_ptr<UNetLayer> residual(std::int64_t in, std::int64_t out, Resample resample = Resample::kNone) const;
  std::shared_ptr<UNetLayer> swin(std::int64_t level) const;
  std::shared_ptr<UNetLayer> resampling(std::int64_t level, Resample direction) const;

  const UNetSettings settings_;
  bool recompute_ = false;
  AdaptableLinear embed1_{nullptr};
  AdaptableLinear embed2_{nullptr};
  AdaptableLinear interval1_{nullptr};  ///< this and the next two: empty without unet.flow_map
  AdaptableLinear interval2_{nullptr};
  torch::nn::Embedding prompts_{nullptr};
  AdaptableConv2d in_conv_{nullptr};
  std::vector<Block> down_;
  std::vector<std::size_t> feature_blocks_;  ///< input blocks that encoder_features() reads
  Block middle_;
  std::vector<Block> up_;
  torch::nn::GroupNorm out_norm_{nullptr};
  AdaptableConv2d out_conv_{nullptr};
};
TORCH_MODULE(UNetSwin);

}  // namespace samsr
