#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "data/build/stages/stage.h"
#include "models/first_stage/first_stage.h"

namespace samsr {

/// Stage `latents`: z_hr and z_lr, the first stage's latents of hr and of the enlarged lr, (C, h, w) half, computed on
/// `device`. UserError
/// when its weights are missing or do not fit.
std::unique_ptr<Stage> make_latents_stage(const FirstStageSettings& settings, c10::Device device);

}  // namespace samsr
