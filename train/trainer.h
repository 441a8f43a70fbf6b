#pragma once

#include <vector>

#include "train/faults/stop_signal.h"
#include "train/run/run.h"
#include "train/step/train_step.h"

namespace samsr {

/// The loop of a run on one rank: steps, validations, checkpoints. All ranks construct and run it together.
class Trainer {
 public:
  /// `run` outlives it.
  explicit Trainer(Run& run);

  /// Trains until the last step, a stop signal, or too many bad steps. UserError for these, and when the last step is
  /// done and a bad one, so that it is not saved.
  void run();

  /// One step, and what its time went into. For a dry run.
  StepTimes try_step();
  /// In a row, the last step among them.
  int bad_steps() const { return bad_steps_; }

 private:
  /// A step whose values are still on the device.
  struct PendingStep {
    StepMetrics metrics;  ///< but for what the record holds; data_wait_ms is this rank's own
    StepRecord record;
    bool beside_save = false;  ///< on rank 0: a checkpoint was being copied or written
  };

  /// One step of the recipe; true when a stop was asked for on any rank.
  bool step();
  /// Saves, and takes note of what that costs.
  void save();
  /// Measures the averaged weights, and remembers the best.
  void validate();
  /// Fetches, reports and counts the steps made since it was last called. UserError after too many bad ones in a row.
  void finish_pending_steps();
  /// What the ranks took for those steps: who waited longest for data, and who was slowest. Collective.
  void compare_ranks();
  void finish(PendingStep& pending);
  void report_bad_step(const StepMetrics& metrics, const StepRecord& record);

  Run& run_;
  TrainStep train_step_;
  StopSignal stop_signal_;
  std::vector<PendingStep> pending_;
  int bad_steps_ = 0;     ///< in a row
  bool due_ = false;      ///< a checkpoint is, the same on every rank
  double save_ms_ = 0;    ///< that training waited for the checkpoint begun behind the last step
  StepTimes last_times_;  ///< of the last step reported
};

}  // namespace samsr
