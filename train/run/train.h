#pragma once

#include <functional>
#include <memory>
#include <string>

#include "comm/communicator.h"
#include "comm/run_settings.h"
#include "core/log.h"
#include "data/shards/loader_settings.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/losses/coverage_counter.h"
#include "train/report/sample_pictures.h"
#include "train/settings.h"
#include "train/validation/validation.h"

namespace samsr {

struct TrainConfig {
  RunSettings run;
  TrainSettings train;
  DistillSettings distill;
  SemanticSettings semantic;
  CoverageNetRunSettings coverage_net;
  ValidationSettings validation;
  ModelSettings model;
  LoaderSettings loader;
  std::string resolved;            ///< all settings as YAML, kept beside the run and in its checkpoints
  std::string command;             ///< the command line, for the record
  CoverageCounter count_coverage;  ///< for semantic.loss amg
  /// Validation of the averaged weights on pictures; may give null for none.
  std::function<std::unique_ptr<Validation>(LoadedModel& average)> validate_pictures;
  std::string version;       ///< of the program, with its commit
  PngEncoder encode_png;     ///< for TensorBoard's pictures; none without
  bool dry_run = false;      ///< try everything that the run needs, and write nothing
  std::int64_t profile = 0;  ///< steps to record for a Chrome trace
};

/// Trains `train.recipe` from shards to `train.out` on all ranks of `communicator`: resumes, steps,
/// checkpoints, metrics.jsonl. Ends early, after a checkpoint, on SIGTERM, SIGINT or SIGUSR1. Collective.
/// UserError for settings that do not fit the shards, the ranks or each other.
void train(const TrainConfig& config, Communicator& communicator, Log& log);

}  // namespace samsr
