#pragma once
// Networks small enough for tests: in settings, and as overrides of the program's command line.

#include <cstdint>
#include <string>

#include "models/super_resolution/super_resolution_model.h"

namespace samsr::testing {

/// Two levels with attention in both, for pictures of 16 × 16 and more.
UNetSettings small_unet_settings();

/// A ×4 model of some thousand weights for pictures of 16 × 16 and more, residual, in `steps` steps.
ModelSettings small_model_settings(std::int64_t steps);

/// Gives the output layer, which a fresh network has zero, small random weights: a model so shaken answers with more
/// than the bicubic picture, as a trained one does.
void shake_output(SuperResolutionModel& model);

/// Overrides that make the shipped settings small: pictures, samples, U-Net, steps.
std::string small_sizes();

/// Overrides for all of a ×4 model on space_to_depth and for its data: 24 samples in five shards.
std::string small_settings();

}  // namespace samsr::testing
