#pragma once

#include <cstddef>
#include <cstdint>

#include "eval/upscale/tiling.h"
#include "models/super_resolution/super_resolution_model.h"

namespace samsr {

/// What the memory of upscaling depends on beside the tiles.
struct UpscalingLoad {
  const ModelSettings& settings;
  std::size_t weight_bytes = 0;
  std::int64_t layers = 1;       ///< of noise: the steps of a random sampler
  std::int64_t batch = 1;        ///< tiles at once
  std::int64_t mask_window = 0;  ///< LR pixels a side; 0: no masks are made
  bool masks_of_latent = false;
  bool network_on_host = true;  ///< else its weights and layers lie on a GPU
};

/// An estimate of the memory that a picture of the plan's size takes of this process, all in all, in MB; without the
/// decoded picture and what holds the file. From measurements of the networks that ship (docs/upscale.md).
double upscaling_memory_mb(const UpscalingLoad& load, const TilePlan& plan);

}  // namespace samsr
