#pragma once

#include <cstdint>

#include "diffusion/sam_noise.h"
#include "eval/upscale/noise_field.h"
#include "eval/upscale/tiling.h"
#include "models/super_resolution/super_resolution_model.h"

namespace samsr {

/// What a one-step student starts from in any piece of one picture. SAM noise and semantic weights are relative to the
/// whole picture's statistics, which are gathered on construction; after that no piece needs another. For one thread.
class StudentNoise {
 public:
  /// `model` and `plan` must outlive this. `coverage` reads the number of masks over each pixel of the padded picture,
  /// (1,1,height,width) uint8; empty for plain noise.
  StudentNoise(const SuperResolutionModel& model, std::uint64_t seed, const TilePlan& plan, ReadWindow coverage);

  /// x_T of a window of the padded picture, whose latent is z_y (1,C,h,w); float32 on the device of z_y.
  at::Tensor start(const TileWindow& window, const at::Tensor& z_y);
  /// What the network's noise channels see of the window: (1,K,h,w) standard normal, K = unet.noise_channels; float32
  /// on the CPU.
  at::Tensor network_noise(const TileWindow& window);

 private:
  /// (1,C+K,h,w), of SuperResolutionModel::noise_shape().
  at::Tensor drawn(const TileWindow& window);
  /// What x_T is made from: (1,C,h,w).
  at::Tensor plain(const TileWindow& window) { return drawn(window).narrow(1, 0, latent_channels_); }
  at::Tensor counts(const TileWindow& window) const;
  /// Calls `use` for squares that cover the padded picture, row by row: the same ones for any tiles.
  template <class Use>
  void for_each_square(Use use) const;

  const SuperResolutionModel& model_;
  const TilePlan& plan_;
  const std::int64_t latent_channels_;  ///< C
  const std::int64_t noise_channels_;   ///< K
  NoiseField field_;
  const ReadWindow coverage_;  ///< empty for plain noise
  SamStatistics statistics_;   ///< of the picture, where there is coverage
};

}  // namespace samsr
