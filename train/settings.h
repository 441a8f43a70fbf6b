#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/run_settings.h"
#include "core/settings.h"
#include "models/coverage_net/coverage_net_settings.h"
#include "models/discriminators/discriminator_settings.h"
#include "models/lora/lora_settings.h"

namespace samsr {

/// AdamW and its learning rate, of one network.
struct OptimizerSettings {
  double lr = 5e-5;
  double lr_min = 0;
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double clip = 0;           ///< largest global norm of the gradient; 0 for no limit
  bool constant_lr = false;  ///< lr at every step, whatever train.lr_schedule says; not bound here

  /// Adds SECTION.lr and so on; `of`: " of the discriminator", for the help; empty for the first trainable.
  void bind(Settings& settings, const std::string& section, const std::string& of);
};

/// Minutes between two checkpoints: a number of them, or those that cost the least (auto), which follow from what a
/// checkpoint costs and how often a host fails (train/checkpoints/checkpoint_schedule.h).
struct CheckpointMinutes {
  double number = 0;  ///< 0 where steps are counted instead (train.checkpoint_every)
  bool best = false;  ///< auto

  bool decide() const { return best || number > 0; }
};

/// How a run is carried out, whatever it trains. Section `train.`.
struct TrainSettings {
  std::string recipe = "samsr";
  std::string shards;
  std::string out;
  std::int64_t steps = 500'000;
  std::int64_t global_batch = 64;
  std::int64_t microbatch = 16;
  std::uint64_t seed = 123'456;

  OptimizerSettings optimizer;  ///< of the first trainable; a recipe's others have a section of their own
  std::string lr_schedule = "milestones";
  std::vector<std::int64_t> milestones{5'000, 500'000};
  double ema_rate = 0.999;

  std::string precision = "fp32";
  bool deterministic = true;
  std::string kernels = "own";
  bool graphs = true;
  bool checkpoint_activations = false;
  std::string exchange = "auto";

  std::string teacher = "online";
  std::string teacher_weights;
  std::string init = "auto";
  LoraSettings lora;  ///< of the first trainable

  std::int64_t checkpoint_every = 10'000;  ///< 0 where checkpoint_minutes decide
  CheckpointMinutes checkpoint_minutes;
  double hours_between_failures = 6'000;
  bool checkpoint_behind = true;
  int keep = 3;
  std::string resume = "auto";
  std::int64_t log_every = 50;
  std::int64_t log_term_gradients = 0;
  bool tensorboard = true;
  std::int64_t log_images = 1000;
  bool prometheus = true;
  int max_bad_steps = 20;
  std::int64_t timeout = 600;

  /// The keys of `run`, which are of the same section, stand among its own in lists of settings.
  void bind(Settings& settings, RunSettings& run);
  /// UserError where one file, or the command line, gives both checkpoint_every and checkpoint_minutes, or both are 0.
  /// `settings`: what bind() filled, with all that was given.
  void check(const Settings& settings) const;

 private:
  void bind_checkpoint_interval(Settings& settings);

  bool every_given_ = false;  ///< last as more than 0
  bool minutes_given_ = false;
};

/// `value` of the path setting `key`; UserError when it is empty, as "KEY is not set: MEANING; give it as KEY=PATH".
const std::string& required(const std::string& value, const char* key, const char* meaning);

/// The losses of the recipe resshift beside its squared error. Section `resshift.`.
struct ResShiftSettings {
  double lambda_lpips = 0;

  void bind(Settings& settings);
};

/// The loss hsd (train/losses/hsd_loss.h). Section `hsd.`.
struct HsdSettings {
  std::int64_t steps = 3;
  std::string input_scaling = "once";
  std::string noise = "normal";

  void bind(Settings& settings);
};

/// The discriminator that a student is trained against, and how. Section `discriminator.`.
struct DiscriminatorSettings {
  DiscriminatorNetworkSettings network;
  std::string loss = "hinge";
  std::int64_t start = 1;
  std::string noise = "normal";
  std::string init = "random";
  std::int64_t judge_every = 1000;
  OptimizerSettings optimizer{.constant_lr = true};

  void bind(Settings& settings);
};

/// The losses of the distillation: SinSR's and SAMSR's three, and those that compare the one-step prediction with the
/// truth itself (train/losses/image_losses.h); TAD-SR's two. Losses of weight 0 are not computed. Section `distill.`,
/// and `hsd.` and `discriminator.`.
struct DistillSettings {
  std::string space = "latent";
  double lambda_distill = 1;
  double lambda_inverse = 1;
  double lambda_gt = 1;
  double lambda_truth = 0;
  double lambda_l1 = 0;
  double lambda_structure = 0;
  double lambda_gradient = 0;
  double lambda_texture = 0;
  double lambda_hfp = 0;
  double lambda_ess = 0;
  double lambda_lpips = 0;
  double lambda_perceptual = 0;
  double lambda_hsd = 0;
  double lambda_adversarial = 0;
  std::string lpips_net = "alex";
  std::string decode = "straight_through";
  HsdSettings hsd;
  DiscriminatorSettings discriminator;

  /// A loss asks the teacher itself, also where its rollouts are cached.
  bool needs_teacher_network() const {
    return lambda_hsd > 0 || (lambda_adversarial > 0 && discriminator.network.sees_features());
  }

  void bind(Settings& settings);
};

/// The semantic consistency loss L_SC (method of the paper, Algorithm 1). Section `semantic.`.
struct SemanticSettings {
  std::string loss = "auto";
  double lambda = 1;
  std::string weights;
  std::string prediction = "from_gt";
  std::int64_t every = 1000;

  void bind(Settings& settings);
};

/// What is measured while training, on pictures or held-out samples that never train. Section `val.`.
struct ValidationSettings {
  std::int64_t every = 1000;
  std::string lq;
  std::string gt;
  std::string metrics;
  std::string best;
  std::int64_t images = 0;
  std::int64_t panel = 4;

  void bind(Settings& settings);
  /// UserError for originals without the pictures that belong to them.
  void check() const;
};

/// The recipe coverage_net. Section `coverage_net.`.
struct CoverageNetRunSettings {
  CoverageNetSettings network;
  double held_out = 0.05;

  void bind(Settings& settings);
};

}  // namespace samsr
