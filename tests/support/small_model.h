#pragma once

#include <cstdint>

#include "models/super_resolution/super_resolution_model.h"

namespace samsr::testing {

/// A ×4 model of some thousand weights for pictures of 16 × 16 and more, residual, in `steps` steps.
inline ModelSettings small_model_settings(std::int64_t steps) {
  ModelSettings settings;
  settings.first_stage.type = "space_to_depth";
  settings.unet.image_size = 16;
  settings.unet.in_channels = 51;
  settings.unet.out_channels = 48;
  settings.unet.model_channels = 32;
  settings.unet.attention_resolutions = {16};
  settings.unet.channel_mult = {1, 1};
  settings.unet.num_res_blocks = {1, 1};
  settings.unet.swin_embed_dim = 32;
  settings.diffusion.steps = steps;
  settings.diffusion.power = 1;
  settings.diffusion.kappa = 1;
  settings.diffusion.predict_type = "residual";
  return settings;
}

}  // namespace samsr::testing
