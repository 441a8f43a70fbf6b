#pragma once

#include "eval/upscale/upscaler.h"

namespace samsr {

/// The value of upscale.sampler that solves a flow map's velocity in steps of Euler's.
inline constexpr const char* kEulerSampler = "euler";

/// How the settings have a flow map sampled; of no meaning for other models. UserError where they ask a flow map for
/// what belongs to the noise of other models, another model for what belongs to flow maps, or contradict each other.
FlowMapSampling flow_map_sampling(const LoadedModel& loaded, const UpscaleSettings& settings);

}  // namespace samsr
