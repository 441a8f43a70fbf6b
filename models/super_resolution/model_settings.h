#pragma once

#include <cstdint>

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
  std::int64_t scale = 4;  ///< HR pixels per LR pixel along an axis; set from `data.scale`, not bound here

  /// Adds `unet.*`, `first_stage.*`, `autoencoder.*`, `diffusion.*`, `samsr.*`.
  void bind(Settings& settings);
  /// UserError where the parts do not fit together; says which channel count fits.
  void check() const;
  /// Height and width of LR images must be multiples of this.
  std::int64_t lq_multiple() const;
};

}  // namespace samsr
