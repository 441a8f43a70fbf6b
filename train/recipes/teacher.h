#pragma once

#include <memory>

#include "core/log.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/settings.h"

namespace samsr {

/// The model of `train.teacher_weights` on `device`. UserError when it is missing or rolls out another process than
/// the run distils.
std::unique_ptr<SuperResolutionModel> load_teacher(const TrainSettings& train, const ModelSettings& model,
                                                   const at::Device& device, Log& log);

}  // namespace samsr
