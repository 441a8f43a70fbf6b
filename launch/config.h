#pragma once

#include "comm/run_settings.h"
#include "data/build/settings.h"
#include "data/build/stages/rollout_settings.h"
#include "data/shards/loader_settings.h"
#include "eval/measure/evaluation.h"
#include "eval/upscale/model_argument.h"
#include "models/super_resolution/super_resolution_model.h"
#include "models/weights/official_files.h"
#include "train/losses/ess_loss.h"
#include "train/losses/high_frequency_loss.h"
#include "train/losses/perceptual_loss.h"
#include "train/recipes/flowmap_settings.h"
#include "train/recipes/regression_network.h"
#include "train/recipes/regression_settings.h"
#include "train/recipes/rsd_settings.h"
#include "train/settings.h"

namespace samsr {

/// Every setting of the program. One file can hold the sections of all verbs; each verb reads its own.
struct Config {
  BuildSettings build;  ///< data, images, degradation, masks, first_stage
  LoaderSettings loader;
  ModelSettings model;  ///< unet, diffusion, samsr, flowmap; first stage and scale are those of the data
  RolloutSettings rollout;
  RunSettings run;
  TrainSettings train;
  ResShiftSettings resshift;
  DistillSettings distill;
  HighFrequencySettings hfp;
  EssSettings ess;
  PerceptualSettings perceptual;
  RsdSettings rsd;
  FlowMapTrainSettings flowmap;
  RegressionSettings regression;
  NetworkSettings network;
  SemanticSettings semantic;
  CoverageNetRunSettings coverage_net;
  ValidationSettings validation;
  UpscaleSettings upscale;
  EvalSettings eval;
  OfficialFilesSettings weights;

  void bind(Settings& settings);

  /// Passes on what sections share; to be called when all values are read.
  void share();

  /// The model that `path` names on the command line, with the settings of this configuration.
  ModelArgument model_argument(const std::string& path, const Settings& settings) const;
};

}  // namespace samsr
