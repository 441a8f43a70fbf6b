#include "models/unet/unet_weight_count.h"

#include <vector>

#include "models/layers/weight_count.h"

namespace samsr {
namespace {

double residual_count(const UNetSettings& settings, std::int64_t in, std::int64_t out) {
  const std::int64_t embedding = 4 * settings.model_channels;
  return norm_count(in) + conv_count(in, out, 3) +
         conv_count(embedding, (settings.use_scale_shift_norm ? 2 : 1) * out, 1) + norm_count(out) +
         conv_count(out, out, 3) + (in == out ? 0 : conv_count(in, out, 1));
}

double swin_count(const UNetSettings& settings, std::int64_t level) {
  const std::int64_t width = settings.swin_embed_dim;
  const std::int64_t offsets = 2 * settings.window(level) - 1;
  const auto hidden = static_cast<std::int64_t>(static_cast<double>(width) * settings.mlp_ratio);
  const double block = 2 * norm_count(width) + conv_count(width, 3 * width, 1) + conv_count(width, width, 1) +
                       static_cast<double>(offsets * offsets * (width / settings.num_head_channels)) +
                       conv_count(width, hidden, 1) + conv_count(hidden, width, 1);
  const std::int64_t channels = settings.channels(level);
  return conv_count(channels, width, 1) + conv_count(width, channels, 1) +
         static_cast<double>(settings.swin_depth) * block;
}

double resampling_count(const UNetSettings& settings, std::int64_t level) {
  const std::int64_t channels = settings.channels(level);
  return settings.resblock_updown ? residual_count(settings, channels, channels)
         : settings.conv_resample ? conv_count(channels, channels, 3)
                                  : 0;
}

}  // namespace

double unet_weight_count(const UNetSettings& settings) {
  const std::int64_t levels = settings.levels();
  const std::int64_t embedding = 4 * settings.model_channels;
  double count = conv_count(settings.model_channels, embedding, 1) + conv_count(embedding, embedding, 1);
  std::int64_t channels = settings.channels(0);
  count += conv_count(settings.in_channels + settings.noise_channels, channels, 3);
  std::vector<std::int64_t> skips{channels};
  for (std::int64_t level = 0; level < levels; ++level) {
    for (std::int64_t i = 0; i < settings.num_res_blocks[static_cast<std::size_t>(level)]; ++i) {
      count += residual_count(settings, channels, settings.channels(level));
      channels = settings.channels(level);
      skips.push_back(channels);
    }
    count += settings.attends(level) ? 2 * swin_count(settings, level) : 0;  // on the way down and up
    if (level + 1 < levels) {
      count += resampling_count(settings, level);
      skips.push_back(channels);
    }
  }
  count += 2 * residual_count(settings, channels, channels) + swin_count(settings, levels - 1);
  for (std::int64_t level = levels - 1; level >= 0; --level) {
    for (std::int64_t i = 0; i <= settings.num_res_blocks[static_cast<std::size_t>(level)]; ++i) {
      count += residual_count(settings, channels + skips.back(), settings.channels(level));
      skips.pop_back();
      channels = settings.channels(level);
    }
    count += level > 0 ? resampling_count(settings, level) : 0;
  }
  if (settings.flow_map) {
    // interval_embed, and prompt_embed's two rows
    count += conv_count(settings.model_channels, embedding, 1) + conv_count(embedding, embedding, 1) +
             static_cast<double>(2 * embedding);
  }
  return count + norm_count(channels) + conv_count(channels, settings.out_channels, 3);
}

}  // namespace samsr
