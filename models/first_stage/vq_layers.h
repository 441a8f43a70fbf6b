#pragma once
// Encoder and decoder of the latent diffusion VQGAN on maps (B,C,H,W); official names (ldm
// modules/diffusionmodules/model.py).

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// Architecture of encoder and decoder, under the official names.
struct DdConfig {
  bool double_z = false;
  std::int64_t z_channels = 3;
  std::int64_t resolution = 256;
  std::int64_t in_channels = 3;
  std::int64_t out_ch = 3;
  std::int64_t ch = 128;
  std::vector<std::int64_t> ch_mult = {1, 2, 4};
  std::int64_t num_res_blocks = 2;
  std::vector<std::int64_t> attn_resolutions = {};
  double dropout = 0;
  std::string padding_mode = "zeros";

  /// Adds the settings `<prefix>.*`.
  void bind(Settings& settings, const std::string& prefix);

  std::int64_t levels() const { return static_cast<std::int64_t>(ch_mult.size()); }
  /// Channels of a level, 0 the finest.
  std::int64_t channels(std::int64_t level) const { return ch * ch_mult[static_cast<std::size_t>(level)]; }
  /// True where a level's blocks are followed by attention.
  bool attends(std::int64_t level) const;
  /// Image pixels per latent pixel along an axis.
  std::int64_t factor() const { return std::int64_t{1} << (levels() - 1); }
};

/// Norm, SiLU, conv twice, added to the input (through a 1×1 convolution where the channels change).
class VqResBlock : public torch::nn::Module {
 public:
  VqResBlock(std::int64_t in_channels, std::int64_t out_channels);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::GroupNorm norm1_{nullptr};
  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::GroupNorm norm2_{nullptr};
  torch::nn::Conv2d conv2_{nullptr};
  torch::nn::Conv2d shortcut_{nullptr};
};

/// Self-attention of one head over all positions, added to the input.
class VqAttention : public torch::nn::Module {
 public:
  explicit VqAttention(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::GroupNorm norm_{nullptr};
  torch::nn::Conv2d q_{nullptr};
  torch::nn::Conv2d k_{nullptr};
  torch::nn::Conv2d v_{nullptr};
  torch::nn::Conv2d proj_out_{nullptr};
};

/// What encoder and decoder have in common: a middle (block, attention, block) and levels of residual blocks
/// with optional attention and a change of resolution.
class VqPyramid : public torch::nn::Module {
 protected:
  struct Level {
    std::vector<std::shared_ptr<VqResBlock>> blocks;
    std::vector<std::shared_ptr<VqAttention>> attention;  ///< empty, or one for each block
    torch::nn::Conv2d resample{nullptr};                  ///< empty at the end of the pyramid
  };
  static Level make_level(std::int64_t in, std::int64_t out, std::int64_t blocks, bool attends);
  static std::shared_ptr<torch::nn::Module> level_slots(const Level& level, const std::string& resample_name);
  static at::Tensor run_blocks(const Level& level, at::Tensor h);
  void register_middle(std::int64_t channels);
  at::Tensor run_middle(const at::Tensor& h);

 private:
  std::shared_ptr<VqResBlock> block1_;
  std::shared_ptr<VqAttention> attention1_;
  std::shared_ptr<VqResBlock> block2_;
};

/// (B,in_channels,H,W) -> (B,z_channels,H/f,W/f).
class VqEncoder : public VqPyramid {
 public:
  explicit VqEncoder(const DdConfig& config);
  at::Tensor forward(const at::Tensor& image);

 private:
  torch::nn::Conv2d conv_in_{nullptr};
  std::vector<Level> down_;
  torch::nn::GroupNorm norm_out_{nullptr};
  torch::nn::Conv2d conv_out_{nullptr};
};

/// (B,z_channels,h,w) -> (B,out_ch,h·f,w·f).
class VqDecoder : public VqPyramid {
 public:
  explicit VqDecoder(const DdConfig& config);
  at::Tensor forward(const at::Tensor& latent);

 private:
  torch::nn::Conv2d conv_in_{nullptr};
  std::vector<Level> up_;  ///< 0 the finest
  torch::nn::GroupNorm norm_out_{nullptr};
  torch::nn::Conv2d conv_out_{nullptr};
};

}  // namespace samsr
