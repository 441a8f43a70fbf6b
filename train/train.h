#pragma once

#include <string>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/shards/loader_settings.h"
#include "diffusion/super_resolution_model.h"
#include "train/settings.h"

namespace samsr {

struct TrainConfig {
  TrainSettings train;
  DistillSettings distill;
  ModelSettings model;
  LoaderSettings loader;
  std::string resolved;  ///< all settings as YAML, kept beside the run and in its checkpoints
  std::string command;   ///< the command line, for the record
};

/// Trains `train.recipe` from shards to `train.out` on all ranks of `communicator`: resumes, steps,
/// checkpoints, metrics.jsonl. Ends early, after a checkpoint, on SIGTERM, SIGINT or SIGUSR1. Collective.
/// UserError for settings that do not fit the shards, the ranks or each other.
void train(const TrainConfig& config, Communicator& communicator, Log& log);

}  // namespace samsr
