#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/settings.h"
#include "diffusion/settings.h"
#include "models/first_stage/first_stage.h"
#include "models/unet/unet_settings.h"

namespace samsr {

/// Everything that makes a super-resolution model.
struct ModelSettings {
  UNetSettings unet;
  FirstStageSettings first_stage;
  DiffusionSettings diffusion;
  SamSettings sam;
  FlowMapSettings flow_map;  ///< of networks with unet.flow_map
  std::int64_t scale = 4;    ///< HR pixels per LR pixel along an axis; set from `data.scale`, not bound here

  /// Adds `unet.*`, `first_stage.*`, `autoencoder.*`, `diffusion.*`, `samsr.*`, `flowmap.*`.
  void bind(Settings& settings);
  /// UserError where the parts do not fit together; says which channel count fits.
  void check() const;
  /// Channels that the network is given beside the latent.
  std::int64_t condition_channels() const;
  /// Height and width of LR images must be multiples of this.
  std::int64_t lq_multiple() const;
  /// C, h, w of the latent of an LR image.
  std::array<std::int64_t, 3> latent_shape(std::int64_t lq_height, std::int64_t lq_width) const;
  /// UserError beginning with `source`, what the model is called, unless it works on stored LR images of these sides,
  /// and each of their stored `latents`, a name and a shape, has the shape of its own.
  void check_stored(const std::string& source, std::int64_t lq_height, std::int64_t lq_width,
                    const std::vector<std::pair<std::string, std::vector<std::int64_t>>>& latents) const;
};

}  // namespace samsr
