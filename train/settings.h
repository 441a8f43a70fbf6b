#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// How a run is carried out, whatever it trains. Section `train.`.
struct TrainSettings {
  std::string recipe = "samsr";
  std::string shards;
  std::string out;
  std::int64_t steps = 500'000;
  std::int64_t global_batch = 64;
  std::int64_t microbatch = 16;
  std::uint64_t seed = 123'456;

  double lr = 5e-5;
  std::string lr_schedule = "milestones";
  std::vector<std::int64_t> milestones{5'000, 500'000};
  double lr_min = 0;
  double weight_decay = 0;
  double ema_rate = 0.999;

  std::string precision = "fp32";
  std::string device = "auto";
  int threads = 0;

  std::string teacher = "online";
  std::string teacher_weights;
  std::string init = "auto";

  std::int64_t checkpoint_every = 10'000;
  int keep = 3;
  std::string resume = "auto";
  std::int64_t log_every = 50;
  int max_bad_steps = 20;

  void bind(Settings& settings);
};

/// The losses of the distillation (SinSR and SAMSR). Section `distill.`.
struct DistillSettings {
  std::string space = "latent";
  double lambda_distill = 1;
  double lambda_inverse = 1;
  double lambda_gt = 1;

  void bind(Settings& settings);
};

/// The semantic consistency loss L_SC (method of the paper, Algorithm 1). Section `semantic.`.
struct SemanticSettings {
  std::string loss = "none";

  void bind(Settings& settings);
};

}  // namespace samsr
