#include "models/super_resolution/model_settings.h"

#include <numeric>

#include "core/error.h"

namespace samsr {

void ModelSettings::bind(Settings& settings) {
  unet.bind(settings);
  first_stage.bind(settings);
  diffusion.bind(settings);
  sam.bind(settings);
}

void ModelSettings::check() const {
  unet.check();
  const std::int64_t factor = first_stage.latent_factor();
  const std::int64_t channels = first_stage.latent_channels();
  if (scale % factor != 0 && factor % scale != 0) {
    throw UserError("first_stage: {} image pixels per latent pixel and a scale of {}: one must divide the other",
                    factor, scale);
  }
  const std::int64_t fold = factor > scale ? factor / scale : 1;
  const std::int64_t condition = unet.cond_lq ? 3 * fold * fold : 0;
  if (unet.out_channels != channels) {
    throw UserError("unet.out_channels is {}, but first_stage.type {} has latents of {} channels", unet.out_channels,
                    first_stage.type, channels);
  }
  if (unet.in_channels != channels + condition) {
    throw UserError("unet.in_channels is {}, expected {}: {} of the latent and {} of the LR image", unet.in_channels,
                    channels + condition, channels, condition);
  }
}

std::int64_t ModelSettings::lq_multiple() const {
  const std::int64_t hr_multiple = unet.size_multiple() * first_stage.latent_factor();
  return hr_multiple / std::gcd(hr_multiple, scale);
}

}  // namespace samsr
