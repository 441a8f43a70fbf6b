#include "models/super_resolution/model_settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"

namespace samsr {

void ModelSettings::bind(Settings& settings) {
  unet.bind(settings);
  first_stage.bind(settings);
  diffusion.bind(settings);
  sam.bind(settings);
  flow_map.bind(settings);
}

void ModelSettings::check() const {
  unet.check();
  const std::int64_t factor = first_stage.latent_factor();
  const std::int64_t channels = first_stage.latent_channels();
  if (scale % factor != 0 && factor % scale != 0) {
    throw UserError("first_stage: {} image pixels per latent pixel and a scale of {}: one must divide the other",
                    factor, scale);
  }
  const std::int64_t condition = condition_channels();
  if (unet.out_channels != channels) {
    throw UserError("unet.out_channels is {}, but first_stage.type {} has latents of {} channels", unet.out_channels,
                    first_stage.type, channels);
  }
  if (unet.in_channels != channels + condition) {
    throw UserError("unet.in_channels is {}, expected {}: {} of the latent and {} of the LR image", unet.in_channels,
                    channels + condition, channels, condition);
  }
}

std::int64_t ModelSettings::condition_channels() const {
  if (!unet.cond_lq) {
    return 0;
  }
  if (unet.flow_map) {
    return flow_map.condition == "z_src" ? first_stage.latent_channels() : 3;
  }
  const std::int64_t factor = first_stage.latent_factor();
  const std::int64_t fold = factor > scale ? factor / scale : 1;
  return 3 * fold * fold;
}

std::int64_t ModelSettings::lq_multiple() const {
  const std::int64_t hr_multiple = unet.size_multiple() * first_stage.latent_factor();
  return hr_multiple / std::gcd(hr_multiple, scale);
}

std::array<std::int64_t, 3> ModelSettings::latent_shape(std::int64_t lq_height, std::int64_t lq_width) const {
  const std::int64_t factor = first_stage.latent_factor();
  return {first_stage.latent_channels(), lq_height * scale / factor, lq_width * scale / factor};
}

void ModelSettings::check_stored(const std::string& source, std::int64_t lq_height, std::int64_t lq_width,
                                 const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& latents) const {
  const std::int64_t multiple = lq_multiple();
  if (lq_height % multiple != 0 || lq_width % multiple != 0) {
    throw UserError(
        "{}: works on LR images whose sides are multiples of {}, the stored ones have {}×{} pixels; build with a "
        "data.gt_size that is a multiple of {}",
        source, multiple, lq_width, lq_height, multiple * scale);
  }
  const auto expected = latent_shape(lq_height, lq_width);
  for (const auto& [name, shape] : latents) {
    if (!std::equal(shape.begin(), shape.end(), expected.begin(), expected.end())) {
      throw UserError("{}: its latents of the stored images are ({}), {} is ({}); do the stage latents anew", source,
                      fmt::join(expected, ", "), name, fmt::join(shape, ", "));
    }
  }
}

}  // namespace samsr
