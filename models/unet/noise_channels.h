#pragma once
// Weights of UNetSwin and its noise channels: the input that RSD's student has behind the LR condition.

#include <cstdint>

#include "models/unet/unet_settings.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// How many input channels the network in `file` has beyond `settings.in_channels`: official files carry no settings,
/// and RSD's students are known by it. 0 where there are none, or more than the latent has: those are another network.
std::int64_t noise_channels_in(const TensorFile& file, const UNetSettings& settings);

/// `weights` of a network without noise channels as those of one with `settings.noise_channels`, which it does not look
/// at yet: their weights are zero. Other weights come back as they are.
TensorFile with_noise_channels(TensorFile weights, const UNetSettings& settings);

}  // namespace samsr
