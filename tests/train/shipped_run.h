#pragma once
// The shipped configurations of runs, configs/*_x4.yaml, as the program resolves them through all bases.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>

#include "comm/run_settings.h"
#include "core/settings.h"
#include "data/build/settings.h"
#include "data/build/stages/rollout_settings.h"
#include "data/shards/loader_settings.h"
#include "eval/upscale/upscaler.h"
#include "models/super_resolution/model_settings.h"
#include "train/recipes/rsd_settings.h"
#include "train/settings.h"

namespace samsr::testing {

inline std::filesystem::path config(const std::string& name) { return std::filesystem::path(SAMSR_CONFIGS) / name; }

/// Everything that a configuration of a run may set.
struct ShippedRun {
  explicit ShippedRun(const std::filesystem::path& file) {
    build.bind(settings);
    loader.bind(settings);
    model.unet.bind(settings);
    model.diffusion.bind(settings);
    model.sam.bind(settings);
    rollout.bind(settings);
    train.bind(settings, run);
    resshift.bind(settings);
    distill.bind(settings);
    rsd.bind(settings);
    hfp.bind(settings);
    ess.bind(settings);
    perceptual.bind(settings);
    semantic.bind(settings);
    coverage_net.bind(settings);
    validation.bind(settings);
    upscale.bind(settings);
    settings.load_file(file);
  }

  BuildSettings build;
  LoaderSettings loader;
  ModelSettings model;
  RolloutSettings rollout;
  RunSettings run;
  TrainSettings train;
  ResShiftSettings resshift;
  DistillSettings distill;
  RsdSettings rsd;
  SemanticSettings semantic;
  CoverageNetRunSettings coverage_net;
  ValidationSettings validation;
  UpscaleSettings upscale;
  Settings settings;
};

/// How often something happened, against its probability: within four standard deviations.
inline void expect_share(std::int64_t times, std::int64_t of, double probability, const std::string& what) {
  const double deviation = std::sqrt(probability * (1 - probability) / static_cast<double>(of));
  EXPECT_NEAR(static_cast<double>(times) / static_cast<double>(of), probability, 4 * deviation) << what;
}

}  // namespace samsr::testing
