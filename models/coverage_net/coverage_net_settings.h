#pragma once

#include <cstdint>
#include <string>

#include "core/settings.h"
#include "models/first_stage/first_stage.h"

namespace samsr {

/// The form of a coverage net. Section `coverage_net.`.
struct CoverageNetSettings {
  std::string input = "image";
  std::int64_t channels = 16;
  std::int64_t blocks = 1;

  /// Adds `coverage_net.input`, `.channels`, `.blocks`.
  void bind(Settings& settings);
};

/// What a net is given of a picture whose LR image has H×W pixels: (B, channels, fold·H, fold·W).
struct CoverageNetInput {
  std::int64_t channels = 0;
  std::int64_t fold = 0;
  bool latent = false;  ///< of the first stage, instead of an image
  std::string text;     ///< all that its numbers depend on; nets of equal texts see the same
};

/// `kind`: image, RGB in [-1,1]; or latent, of that first stage. UserError when its latents are smaller than the LR
/// image.
CoverageNetInput coverage_net_input(const std::string& kind, const FirstStageSettings& first_stage, std::int64_t scale);

}  // namespace samsr
