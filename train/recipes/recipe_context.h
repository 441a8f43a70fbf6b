#pragma once
// What a run, and so its recipe, is made from.

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

#include "comm/communicator.h"
#include "comm/run_settings.h"
#include "core/log.h"
#include "data/build/settings.h"
#include "data/shards/loader_settings.h"
#include "data/shards/sample_set.h"
#include "eval/upscale/upscaler.h"
#include "models/super_resolution/model_settings.h"
#include "models/weights/official_files.h"
#include "segmentation/settings.h"
#include "train/losses/ess_loss.h"
#include "train/losses/high_frequency_loss.h"
#include "train/losses/perceptual_loss.h"
#include "train/recipes/flowmap_settings.h"
#include "train/recipes/regression_network.h"
#include "train/recipes/regression_settings.h"
#include "train/recipes/rsd_settings.h"
#include "train/report/step_timer.h"
#include "train/settings.h"

namespace samsr {

/// The settings of a run.
struct TrainConfig {
  RunSettings run;
  TrainSettings train;
  ResShiftSettings resshift;
  DistillSettings distill;
  RsdSettings rsd;
  FlowMapTrainSettings flowmap;
  RegressionSettings regression;
  NetworkSettings network;  ///< of the recipe regression
  HighFrequencySettings hfp;
  EssSettings ess;
  PerceptualSettings perceptual;
  SemanticSettings semantic;
  CoverageNetRunSettings coverage_net;
  ValidationSettings validation;
  ModelSettings model;
  LoaderSettings loader;
  BuildSettings build;            ///< of data.degrade=online: photographs, crops, degradation, masks
  MaskSettings masks;             ///< of semantic.loss amg, and of validation on pictures
  UpscaleSettings upscale;        ///< of validation on pictures
  OfficialFilesSettings weights;  ///< where the networks of metrics lie
  std::string resolved;           ///< all settings as YAML, kept beside the run and in its checkpoints
  std::string command;            ///< the command line, for the record
  std::string version;            ///< of the program, with its commit
  bool dry_run = false;           ///< try everything that the run needs, and write nothing
  std::int64_t profile = 0;       ///< steps to record for a Chrome trace
};

/// What a recipe is made from. All of it outlives the recipe.
struct RecipeContext {
  const TrainConfig& config;
  const SampleSet& shards;  ///< the samples, whether they lie in shards or are made while training
  c10::Device device;
  Communicator& communicator;
  Log& log;
  StepTimer* timer = nullptr;  ///< of rollouts
};

}  // namespace samsr
