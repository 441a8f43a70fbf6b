#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/unet/unet_layers.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Sizes of latent diffusion's UNet, under the official names; the defaults are those of LDM-SR (bsr_sr).
struct LdmUNetSettings {
  std::int64_t in_channels = 6;
  std::int64_t out_channels = 3;
  std::int64_t model_channels = 160;
  /// Down-sampling factors (1, 2, 4, …) of the levels that attend, not sizes as in the denoiser of ResShift.
  std::vector<std::int64_t> attention_resolutions = {16, 8};
  std::int64_t num_res_blocks = 2;
  std::vector<std::int64_t> channel_mult = {1, 2, 2, 4};
  std::int64_t num_head_channels = 32;

  /// Sides of its maps are multiples of this.
  std::int64_t size_multiple() const { return std::int64_t{1} << (channel_mult.size() - 1); }
  double weight_count() const;
};

/// The denoiser of latent diffusion (arXiv 2112.10752; ldm.modules.diffusionmodules.openaimodel.UNetModel without
/// cross-attention), with the official parameter names.
class LdmUNetImpl : public torch::nn::Module {
 public:
  /// UserError where the sizes make no network.
  explicit LdmUNetImpl(const LdmUNetSettings& settings);
  /// x (B,in_channels,h,w), steps (B) int64 of 0 … 999 -> the noise in x, (B,out_channels,h,w).
  at::Tensor forward(const at::Tensor& x, const at::Tensor& steps);
  const LdmUNetSettings& settings() const { return settings_; }

 private:
  using Block = std::vector<std::shared_ptr<UNetLayer>>;

  const LdmUNetSettings settings_;
  torch::nn::Linear embed1_{nullptr};
  torch::nn::Linear embed2_{nullptr};
  torch::nn::Conv2d in_conv_{nullptr};
  std::vector<Block> down_;
  Block middle_;
  std::vector<Block> up_;
  torch::nn::GroupNorm out_norm_{nullptr};
  torch::nn::Conv2d out_conv_{nullptr};
};
TORCH_MODULE(LdmUNet);

/// The sizes that the tensors of a UNet say, names without prefix; of num_head_channels, of which nothing tells, the
/// published ones. UserError naming `source` where it contradicts itself.
LdmUNetSettings ldm_unet_settings_of(const TensorFile& unet, const std::string& source);

}  // namespace samsr
