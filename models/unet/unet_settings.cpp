#include "models/unet/unet_settings.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "models/layers/basic_layers.h"

namespace samsr {
namespace {

/// Position indices and masks of the windows. The paper's network has 8 MB of them.
constexpr double kMostIndexBytes = 2e9;

}  // namespace

void UNetSettings::bind(Settings& settings) {
  constexpr int kWidest = 65536;
  settings.add("unet.image_size", image_size, "height and width of the training latents; sets levels and windows")
      .between(1, 8192);
  settings.add("unet.in_channels", in_channels, "channels of the noisy latent and of the LR condition together")
      .between(1, kWidest);
  settings
      .add("unet.noise_channels", noise_channels,
           "further input channels, of noise, behind the LR condition; RSD's student has one; official files say it "
           "themselves")
      .between(0, 64);
  settings.add("unet.model_channels", model_channels, "channels that channel_mult multiplies").between(1, kWidest);
  settings.add("unet.out_channels", out_channels, "channels of the latent").between(1, kWidest);
  settings.add("unet.cond_lq", cond_lq, "give the LR image to the network");
  settings
      .add("unet.attention_resolutions", attention_resolutions,
           "feature map sizes, for inputs of image_size, that get Swin blocks")
      .at_least(1);
  settings.add("unet.dropout", dropout, "probability of dropping an activation while training").between(0.0, 0.99);
  settings.add("unet.channel_mult", channel_mult, "channels of each level, as multiples of model_channels")
      .satisfies("1 to 8 levels, each above 0 and at most 64", [](const auto& levels) {
        return !levels.empty() && levels.size() <= 8 &&
               std::all_of(levels.begin(), levels.end(), [](double each) { return each > 0 && each <= 64; });
      });
  settings.add("unet.num_res_blocks", num_res_blocks, "residual blocks of each level").between(1, 64);
  settings.add("unet.num_head_channels", num_head_channels, "channels of one attention head").between(1, kWidest);
  settings.add("unet.use_scale_shift_norm", use_scale_shift_norm,
               "the step scales and shifts normalised features (false: it is added before)");
  settings.add("unet.resblock_updown", resblock_updown, "resample inside residual blocks");
  settings.add("unet.conv_resample", conv_resample, "resample with convolutions where not inside blocks");
  settings.add("unet.flow_map", flow_map,
               "embed the interval and the prompt of a flow map beside the step (train.recipe=flowmap); official files "
               "say it themselves");
  settings.add("unet.swin_depth", swin_depth, "Swin blocks in a row; every second one shifts its windows")
      .between(1, 64);
  settings.add("unet.swin_embed_dim", swin_embed_dim, "channels inside Swin blocks").between(1, kWidest);
  settings.add("unet.window_size", window_size, "side of the attention windows").between(1, 64);
  settings.add("unet.mlp_ratio", mlp_ratio, "width of the Swin blocks' hidden layer over swin_embed_dim")
      .between(0.1, 64.0);
}

std::int64_t UNetSettings::channels(std::int64_t level) const {
  return static_cast<std::int64_t>(channel_mult[static_cast<std::size_t>(level)] * static_cast<double>(model_channels));
}

std::vector<std::int64_t> UNetSettings::feature_channels() const {
  std::vector<std::int64_t> found;
  for (std::int64_t level = 0; level < levels(); ++level) {
    found.push_back(channels(level));  // of the Downsample, or at the coarsest level of the last input block
  }
  found.push_back(channels(levels() - 1));
  return found;
}

bool UNetSettings::attends(std::int64_t level) const {
  return std::count(attention_resolutions.begin(), attention_resolutions.end(), resolution(level)) > 0;
}

std::int64_t UNetSettings::window(std::int64_t level) const { return std::min(window_size, resolution(level)); }

bool UNetSettings::shifts(std::int64_t level) const {
  return layers(level) > 0 && swin_depth > 1 && window(level) < resolution(level);
}

int UNetSettings::layers(std::int64_t level) const {
  return (attends(level) ? 2 : 0) + (level + 1 == levels() ? 1 : 0);
}

double UNetSettings::index_bytes() const {
  double bytes = 0;
  for (std::int64_t level = 0; level < levels(); ++level) {
    const auto positions = static_cast<double>(window(level) * window(level));
    const auto pixels = static_cast<double>(resolution(level) * resolution(level));
    bytes += layers(level) *
             (static_cast<double>(swin_depth) * positions * positions * sizeof(std::int64_t) +
              (shifts(level) ? static_cast<double>(swin_depth / 2) * pixels * positions * sizeof(float) : 0));
  }
  return bytes;
}

std::int64_t UNetSettings::size_multiple() const {
  std::int64_t multiple = std::int64_t{1} << (levels() - 1);
  for (std::int64_t level = 0; level < levels(); ++level) {
    // The middle block, at the coarsest level, always attends.
    if (attends(level) || level == levels() - 1) {
      multiple = std::lcm(multiple, window(level) << level);
    }
  }
  return multiple;
}

void UNetSettings::check() const {
  if (num_res_blocks.size() != channel_mult.size()) {
    throw UserError("unet.num_res_blocks has {} elements and unet.channel_mult {}: give one of each per level",
                    num_res_blocks.size(), channel_mult.size());
  }
  for (std::int64_t level = 0; level < levels(); ++level) {
    if (channels(level) < kNormGroups || channels(level) % kNormGroups != 0) {
      throw UserError("unet.model_channels {} × unet.channel_mult {} = {} channels, expected a multiple of {}",
                      model_channels, channel_mult[static_cast<std::size_t>(level)], channels(level), kNormGroups);
    }
  }
  const std::int64_t coarsest = std::int64_t{1} << (levels() - 1);
  if (image_size % coarsest != 0) {
    throw UserError("unet.image_size is {}, expected a multiple of {} ({} levels in unet.channel_mult)", image_size,
                    coarsest, levels());
  }
  for (std::int64_t level = 0; level < levels(); ++level) {
    if (shifts(level) && resolution(level) % window(level) != 0) {
      throw UserError("unet.image_size {} gives level {} maps of {} pixels, expected a multiple of unet.window_size {}",
                      image_size, level, resolution(level), window(level));
    }
  }
  if (index_bytes() > kMostIndexBytes) {
    throw UserError(
        "unet.image_size {}, unet.window_size {} and unet.swin_depth {} need {:.1f} GB beside the weights, "
        "more than {:.1f}; make the windows or the image smaller",
        image_size, window_size, swin_depth, index_bytes() / 1e9, kMostIndexBytes / 1e9);
  }
  if (swin_embed_dim % std::lcm(num_head_channels, kNormGroups) != 0) {
    throw UserError("unet.swin_embed_dim is {}, expected a multiple of {} and of unet.num_head_channels ({})",
                    swin_embed_dim, kNormGroups, num_head_channels);
  }
}

}  // namespace samsr
