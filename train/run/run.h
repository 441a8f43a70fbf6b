#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "comm/device.h"
#include "comm/hold_folder.h"
#include "data/shards/prefetcher.h"
#include "train/checkpoints/best_checkpoint.h"
#include "train/checkpoints/checkpoint_schedule.h"
#include "train/checkpoints/checkpoint_writer.h"
#include "train/faults/bad_samples.h"
#include "train/faults/memory_estimate.h"
#include "train/faults/watchdog.h"
#include "train/recipes/recipes.h"
#include "train/report/run_record.h"
#include "train/report/run_report.h"
#include "train/run/sample_pictures.h"
#include "train/step/batch_plan.h"
#include "train/step/trainable_state.h"

namespace samsr {

/// A run of training on one rank, ready for its next step: networks with first weights or those of a checkpoint, data,
/// the folder. All ranks construct it together.
class Run {
 public:
  /// `table`: where train.recipe is looked up. Prints what the run begins with. UserError for settings that do not fit
  /// the shards, the ranks or each other. `config`, `communicator` and `log` outlive it.
  Run(const TrainConfig& config, std::span<const RecipeEntry> table, Communicator& communicator, Log& log);

  /// The next batch of this rank: waits for it, moves it to the device, and lets the recipe complete it. What it met
  /// and how long it waited is added to `waited_ms` and `bad`.
  Batch next_batch(double& waited_ms, std::vector<std::uint64_t>& bad);
  /// Saves a checkpoint of the steps done, and which one is the best where that is another: on the disk by the next
  /// finish_save(), as far as train.checkpoint_behind allows. Collective. UserError when weights are not finite, or the
  /// checkpoint before could not be written.
  void save();
  /// Waits for the checkpoint that is being written. Collective. UserError when it could not be.
  void finish_save();
  /// Takes note of a checkpoint that has been written since, without waiting. UserError when it could not be.
  void look_at_save();
  /// On rank 0: whether a checkpoint is being written.
  bool saving() const { return saving_.has_value(); }

  /// What to say when the ranks of this host need more memory than there is; empty when they do not.
  std::string memory_problem() const;
  std::int64_t parameter_count() const;
  /// Which checkpoint is the newest, for messages: "the newest checkpoint is PATH".
  std::string newest_named() const;

  const TrainConfig& config;
  const TrainSettings& settings;  ///< those of config.train
  Communicator& communicator;
  Log& log;
  const DeviceChoice chosen;
  const c10::Device device;  ///< the one chosen
  const int threads;
  const std::filesystem::path out;
  const BatchPlan plan;
  StepTimer timer{device};
  std::unique_ptr<const SampleSet> shards;  ///< the samples, whether they lie in shards or are made while training
  Watchdog watchdog;
  BadSamples bad_samples;

  std::unique_ptr<Recipe> recipe;
  std::vector<TrainableState> states;       ///< of the recipe's trainables
  std::unique_ptr<Validation> validation;   ///< null where the recipe has none
  SampleRange samples;                      ///< that train
  std::map<std::string, std::string> data;  ///< their checksums
  std::unique_ptr<const BatchSource> loader;
  std::unique_ptr<Prefetcher> batches;
  MemoryEstimate memory;  ///< that a step of this rank needs

  std::filesystem::path newest;            ///< whole checkpoint resumed from or saved; empty while there is none
  std::int64_t step = 0;                   ///< done
  std::uint64_t position = 0;              ///< samples drawn by all ranks for them
  std::optional<BestCheckpoint> best;      ///< of all validations
  std::optional<BestCheckpoint> best_yet;  ///< the same while its checkpoint is not saved yet

  CheckpointSchedule schedule;
  CheckpointWriter writer;  ///< at work on rank 0 alone

  std::unique_ptr<FolderLock> held;          ///< of the folder, on rank 0, but for a dry run
  std::unique_ptr<RunReport> report;         ///< on rank 0, but for a dry run
  std::unique_ptr<SamplePictures> pictures;  ///< on rank 0, with TensorBoard

 private:
  RecipeContext context() { return {config, *shards, device, communicator, log, &timer}; }
  /// The checkpoint to go on from; empty for none.
  std::string chosen_checkpoint();
  void resume(const std::filesystem::path& folder);
  /// Says what makes this run another training than that of `checkpoint`; UserError unless train.resume names it.
  void check_same_training(const Checkpoint& checkpoint, const std::string& folder) const;
  void open_data();
  void prepare_folder(const RunRecord& record);
  void check_weights() const;
  Checkpoint checkpoint() const;
  /// The checkpoint of step saving_ is whole.
  void saved();

  /// A checkpoint that is not known to be whole yet.
  struct Saving {
    std::int64_t step = 0;
    std::optional<BestCheckpoint> best;  ///< where it is the best one
  };
  std::optional<Saving> saving_;
  bool unfinished_ = false;  ///< save() without a finish_save() yet, the same on every rank
};

}  // namespace samsr
