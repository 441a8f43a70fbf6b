#pragma once

#include "comm/communicator.h"
#include "core/log.h"
#include "train/recipes/recipe_context.h"

namespace samsr {

/// Trains `train.recipe` from shards to `train.out` on all ranks of `communicator`: resumes, steps,
/// checkpoints, metrics.jsonl. Ends early, after a checkpoint, on SIGTERM, SIGINT or SIGUSR1. Collective.
/// UserError for settings that do not fit the shards, the ranks or each other.
void train(const TrainConfig& config, Communicator& communicator, Log& log);

}  // namespace samsr
