#pragma once

#include <cstdint>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// Architecture of UNetSwin, under the names of the ResShift configurations. The defaults are the paper's
/// network (118.6 M parameters, latent 64×64×3).
struct UNetSettings {
  std::int64_t image_size = 64;
  std::int64_t in_channels = 6;
  std::int64_t noise_channels = 0;  ///< of the input, beside in_channels
  std::int64_t model_channels = 160;
  std::int64_t out_channels = 3;
  bool cond_lq = true;
  std::vector<std::int64_t> attention_resolutions = {64, 32, 16, 8};
  double dropout = 0;
  std::vector<double> channel_mult = {1, 2, 2, 4};
  std::vector<std::int64_t> num_res_blocks = {2, 2, 2, 2};
  std::int64_t num_head_channels = 32;
  bool use_scale_shift_norm = true;
  bool resblock_updown = false;
  bool conv_resample = true;
  bool flow_map = false;  ///< embeds the interval and the prompt of a flow map beside the step
  std::int64_t swin_depth = 2;
  std::int64_t swin_embed_dim = 192;
  std::int64_t window_size = 8;
  double mlp_ratio = 4;

  /// Adds the settings `unet.*`.
  void bind(Settings& settings);
  /// UserError when settings that are valid one by one do not make a network together.
  void check() const;

  /// Bytes of what windows need beside their weights, made from the settings alone: position indices, and masks for
  /// inputs of image_size.
  double index_bytes() const;

  std::int64_t levels() const { return static_cast<std::int64_t>(channel_mult.size()); }
  /// Channels of a level, 0 the finest.
  std::int64_t channels(std::int64_t level) const;
  /// Channels of what UNetSwin::encoder_features() gives.
  std::vector<std::int64_t> feature_channels() const;
  /// Height and width of a level's feature maps where the input is image_size.
  std::int64_t resolution(std::int64_t level) const { return image_size >> level; }
  /// True where the level has Swin blocks.
  bool attends(std::int64_t level) const;
  /// Side of the attention windows of a level: the window size, or the whole map where that is smaller.
  std::int64_t window(std::int64_t level) const;
  /// Height and width of the input must be multiples of this, so that every level halves evenly and divides
  /// into windows.
  std::int64_t size_multiple() const;

 private:
  /// Swin layers of a level: on the way down and up where it attends, and one in the middle block at the coarsest.
  int layers(std::int64_t level) const;
  /// True where windows are shifted, which needs masks.
  bool shifts(std::int64_t level) const;
};

}  // namespace samsr
