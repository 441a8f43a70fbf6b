#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "comm/gradient_exchange.h"
#include "data/shards/loader.h"
#include "data/shards/prefetcher.h"
#include "data/shards/shard_set.h"
#include "train/checkpoints/best_checkpoint.h"
#include "train/faults/bad_samples.h"
#include "train/faults/memory_estimate.h"
#include "train/faults/stop_signal.h"
#include "train/faults/watchdog.h"
#include "train/recipes/recipe.h"
#include "train/recipes/subject.h"
#include "train/report/run_record.h"
#include "train/report/run_report.h"
#include "train/report/sample_pictures.h"
#include "train/report/step_timer.h"
#include "train/run/train.h"
#include "train/step/adamw.h"
#include "train/step/batch_plan.h"
#include "train/step/ema.h"
#include "train/step/train_step.h"
#include "train/validation/validation.h"

namespace samsr {

/// One run of training on one rank: the loop around a recipe. All ranks construct and run it together.
class Trainer {
 public:
  Trainer(const TrainConfig& config, Communicator& communicator, Log& log);

  /// Trains until the last step, a stop signal, or too many bad steps (UserError).
  void run();
  /// Tries memory, disk, exchange and a step instead, and says how it went. UserError for what would stop the run.
  void dry_run();

 private:
  void prepare_folder();
  void check_shards() const;
  bool kept_rollouts() const { return settings_.distils() && settings_.teacher == "cached"; }
  void build_networks();
  void build_coverage_net();
  void build_denoiser();
  void start_weights();
  void resume(const std::filesystem::path& checkpoint);
  void open_data();
  /// What a step of this rank will need; runs the networks forward once, on one sample.
  MemoryEstimate estimate_memory();
  /// What to say when the ranks of this host need more memory than there is; empty when they do not.
  std::string memory_problem() const;
  std::int64_t parameter_count() const;
  /// Collective.
  RunRecord opening() const;

  /// A step whose values are still on the device.
  struct PendingStep {
    StepMetrics metrics;  ///< but for what the record holds
    StepRecord record;
    std::vector<std::uint64_t> samples;  ///< of this rank
  };

  /// One optimizer step; true when a stop was asked for on any rank.
  bool step();
  /// Fetches, reports and counts the steps made since it was last called. UserError after too many bad ones in a row.
  void finish_pending_steps();
  void look_for_best(const std::vector<std::pair<std::string, double>>& figures);
  void finish(PendingStep& pending);
  /// Moves the batch to the device, with latents computed here where the shards have none.
  Batch prepared(Batch batch) const;
  void report_bad_step(const PendingStep& pending);
  std::unique_ptr<SamplePictures> make_pictures();
  void check_disk() const;
  void try_exchange();
  void try_step();
  void save();
  void check_weights() const;

  const TrainConfig& config_;
  const TrainSettings& settings_;
  Communicator& communicator_;
  Log& log_;
  const c10::Device device_;
  const int threads_;
  const std::filesystem::path out_;
  const BatchPlan plan_;
  StepTimer timer_{device_};

  ShardSet shards_;
  Watchdog watchdog_;
  SampleRange samples_{0, shards_.size()};       ///< that train
  std::unique_ptr<SuperResolutionModel> model_;  ///< null for coverage_net
  LoadedModel average_;                          ///< holds the averaged weights of model_
  std::unique_ptr<Subject> subject_;
  std::unique_ptr<SuperResolutionModel> teacher_;
  std::vector<std::string> names_;  ///< of parameters_
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<SemanticLoss> semantic_;
  std::unique_ptr<Recipe> recipe_;
  std::optional<BestCheckpoint> best_;      ///< of all validations
  std::optional<BestCheckpoint> best_yet_;  ///< the same while its checkpoint is not saved yet
  std::unique_ptr<Validation> validation_;  ///< null where a recipe has none
  std::unique_ptr<GradientExchange> exchange_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<Ema> ema_;
  std::unique_ptr<TrainStep> train_step_;
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<Prefetcher> batches_;
  BadSamples bad_samples_;
  MemoryEstimate memory_;
  std::unique_ptr<RunReport> report_;         ///< on rank 0
  std::unique_ptr<SamplePictures> pictures_;  ///< on rank 0, with TensorBoard
  StopSignal stop_signal_;

  std::vector<PendingStep> pending_;
  std::int64_t step_ = 0;  ///< optimizer steps done
  int bad_steps_ = 0;      ///< in a row
  StepTimes last_times_;   ///< of the last step reported
};

}  // namespace samsr
