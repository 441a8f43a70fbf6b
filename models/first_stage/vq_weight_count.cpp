#include "models/first_stage/vq_weight_count.h"

#include "models/layers/weight_count.h"

namespace samsr {
namespace {

double vq_residual_count(std::int64_t in, std::int64_t out) {
  return norm_count(in) + conv_count(in, out, 3) + norm_count(out) + conv_count(out, out, 3) +
         (in == out ? 0 : conv_count(in, out, 1));
}

double vq_attention_count(std::int64_t channels) {
  return norm_count(channels) + 4 * conv_count(channels, channels, 1);
}

double vq_middle_count(std::int64_t channels) {
  return 2 * vq_residual_count(channels, channels) + vq_attention_count(channels);
}

double vq_level_count(const DdConfig& config, std::int64_t level, std::int64_t in, std::int64_t blocks) {
  const std::int64_t out = config.channels(level);
  const double each = vq_residual_count(out, out) + (config.attends(level) ? vq_attention_count(out) : 0);
  return static_cast<double>(blocks) * each + vq_residual_count(in, out) - vq_residual_count(out, out);
}

}  // namespace

double vq_weight_count(const AutoencoderSettings& settings) {
  const DdConfig& config = settings.ddconfig;
  const std::int64_t levels = config.levels();
  double count = static_cast<double>(settings.n_embed) * static_cast<double>(settings.embed_dim) +
                 conv_count(config.z_channels, settings.embed_dim, 1) +
                 conv_count(settings.embed_dim, config.z_channels, 1);
  std::int64_t channels = config.ch;
  count += conv_count(config.in_channels, channels, 3);
  for (std::int64_t level = 0; level < levels; ++level) {
    count += vq_level_count(config, level, channels, config.num_res_blocks);
    channels = config.channels(level);
    count += level + 1 < levels ? conv_count(channels, channels, 3) : 0;
  }
  count += 2 * vq_middle_count(channels) + norm_count(channels) + conv_count(channels, config.z_channels, 3) +
           conv_count(config.z_channels, channels, 3);
  for (std::int64_t level = levels - 1; level >= 0; --level) {
    count += vq_level_count(config, level, channels, config.num_res_blocks + 1);
    channels = config.channels(level);
    count += level > 0 ? conv_count(channels, channels, 3) : 0;
  }
  return count + norm_count(channels) + conv_count(channels, config.out_ch, 3);
}

}  // namespace samsr
