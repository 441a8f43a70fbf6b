#pragma once

#include <cstdint>
#include <string>

#include "core/settings.h"

namespace samsr {

/// The diffusion between LR and HR latents (ResShift), under the official names. The defaults are the paper's.
struct DiffusionSettings {
  std::string schedule_name = "exponential";
  double power = 0.3;
  double etas_end = 0.99;
  std::int64_t steps = 15;
  double min_noise_level = 0.04;
  double kappa = 2;
  std::string predict_type = "xstart";
  bool normalize_input = true;

  /// Adds the settings `diffusion.*`.
  void bind(Settings& settings);
  /// The network's output is z_y - x̂_0 rather than x̂_0.
  bool residual() const { return predict_type == "residual"; }
};

/// How masks shape noise and process (SAMSR).
struct SamSettings {
  std::string variant = "paper";
  double m = 0.2;

  /// Adds the settings `samsr.variant` and `samsr.m`.
  void bind(Settings& settings);
  /// As the released code does, where it differs from the paper.
  bool released() const { return variant == "released"; }
};

}  // namespace samsr
