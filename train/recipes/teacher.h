#pragma once
// The teacher of a distillation: at hand, or its rollouts cached in the shards.

#include <memory>

#include "core/log.h"
#include "data/shards/sample_set.h"
#include "diffusion/method.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/settings.h"

namespace samsr {

/// The teacher `train.teacher_weights` on `device`, frozen by its use. UserError when it is not set or missing, or has
/// another schedule than the student's `model`.
std::unique_ptr<SuperResolutionModel> load_teacher(const TrainSettings& train, const Method& method,
                                                   const ModelSettings& model, const at::Device& device, Log& log);

/// UserError unless the shards hold rollouts of a teacher that start where `method` starts with these settings. It
/// names the command that makes them where they are missing, the setting that differs where they are others.
void check_cached_rollouts(const SampleSet& shards, const Method& method, const ModelSettings& model);

/// UserError unless the rollouts are of the teacher with these weights; `source` names them.
void check_cached_teacher(const SampleSet& shards, const TensorFile& weights, const std::string& source);

}  // namespace samsr
