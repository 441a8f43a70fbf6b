#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "data/build/settings.h"
#include "data/build/stages/stage.h"

namespace samsr {

/// Stage `masks` (Eq. 3-4): coverage, of the masks of lr enlarged to hr's size; coverage_hr, of hr's masks, with
/// data.coverage_hr. With masks.keep the text `masks` too: {"lr": […], "hr": […]}, each mask as COCO has it,
/// {"size": [rows, columns], "counts": …}, of the size of what was segmented. Where masks are those of latents
/// (MaskSettings::of_latents), z_lr is segmented instead of the enlarged lr, and hr stretched likewise. Networks
/// compute on `device`. UserError when the source's weights are missing, or the latents are no pictures.
std::unique_ptr<Stage> make_masks_stage(const BuildSettings& settings, c10::Device device);

}  // namespace samsr
