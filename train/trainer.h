#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "comm/gradient_exchange.h"
#include "data/shards/loader.h"
#include "data/shards/prefetcher.h"
#include "data/shards/shard_set.h"
#include "train/adamw.h"
#include "train/bad_samples.h"
#include "train/batch_plan.h"
#include "train/ema.h"
#include "train/metrics_log.h"
#include "train/recipe.h"
#include "train/stop_signal.h"
#include "train/train.h"

namespace samsr {

/// One run of training on one rank: the loop around a recipe. All ranks construct and run it together.
class Trainer {
 public:
  Trainer(const TrainConfig& config, Communicator& communicator, Log& log);

  /// Trains until the last step, a stop signal, or too many bad steps (UserError).
  void run();

 private:
  void prepare_folder();
  void check_shards() const;
  bool kept_rollouts() const { return settings_.recipe != "resshift" && settings_.teacher == "cached"; }
  void build_networks();
  void load_teacher();
  void start_weights();
  void resume(const std::filesystem::path& checkpoint);
  void print_opening() const;

  /// One optimizer step; true when a stop was asked for on any rank.
  bool step();
  /// Moves the batch to the device, with latents computed here where the shards have none.
  Batch prepared(Batch batch) const;
  void backward(const Batch& batch, bool last_pass, std::vector<std::pair<std::string, at::Tensor>>& sums);
  double gradient_norm() const;
  void report_bad_step(const StepMetrics& metrics, const std::vector<double>& local, const Batch& batch);
  void save();

  const TrainConfig& config_;
  const TrainSettings& settings_;
  Communicator& communicator_;
  Log& log_;
  const c10::Device device_;
  const int threads_;
  const std::filesystem::path out_;
  const BatchPlan plan_;

  ShardSet shards_;
  std::unique_ptr<SuperResolutionModel> network_;
  UNetSwin average_{nullptr};  ///< holds the averaged weights
  std::unique_ptr<SuperResolutionModel> teacher_;
  std::vector<std::string> names_;  ///< of parameters_
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<Recipe> recipe_;
  std::unique_ptr<GradientExchange> exchange_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<Ema> ema_;
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<Prefetcher> batches_;
  BadSamples bad_samples_;
  std::unique_ptr<MetricsLog> metrics_;
  StopSignal stop_signal_;

  std::int64_t step_ = 0;  ///< optimizer steps done
  int bad_steps_ = 0;      ///< in a row
  std::string status_;     ///< of the last step, for the progress line
};

}  // namespace samsr
