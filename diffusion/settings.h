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

/// A flow map: what its model file carries of how it was trained. Published (P), of related methods' code (C), or our
/// choice (O): beside each.
struct FlowMapSettings {
  double time_scale = 14;                ///< τ; O
  std::string condition = "lr_resized";  ///< O
  std::string guidance = "train";        ///< P: that there is guidance; where it acts: O
  double omega = 1.07;                   ///< ω; C (S3Diff)

  /// Adds settings `flowmap.*`.
  void bind(Settings& settings);
  /// ω is part of what is learned; else it acts while sampling.
  bool guided_in_training() const { return guidance == "train"; }
};

/// How masks shape noise and process (SAMSR).
struct SamSettings {
  std::string variant = "paper";
  double m = 0.2;
  std::string mask_noise = "auto";
  std::string modulate = "both";  ///< "both", "eta", "kappa" or "neither": the ablation over where the weights act

  /// Adds the settings `samsr.*`.
  void bind(Settings& settings);
  /// As the released code does, where it differs from the paper.
  bool released() const { return variant == "released"; }
  /// m where the semantic weights act on η, and on κ; 0 where they do not.
  double m_of_eta() const { return modulate == "both" || modulate == "eta" ? m : 0; }
  double m_of_kappa() const { return modulate == "both" || modulate == "kappa" ? m : 0; }
};

}  // namespace samsr
