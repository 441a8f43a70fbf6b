#pragma once

#include "data/shards/shard_set.h"
#include "models/super_resolution/model_settings.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// UserError unless the shards hold rollouts of a teacher that start where `recipe` starts with these settings. It
/// names the command that makes them where they are missing, the setting that differs where they are others.
void check_kept_rollouts(const ShardSet& shards, const std::string& recipe, const ModelSettings& model);

/// UserError unless the rollouts are of the teacher with these weights; `source` names them.
void check_kept_teacher(const ShardSet& shards, const TensorFile& weights, const std::string& source);

}  // namespace samsr
