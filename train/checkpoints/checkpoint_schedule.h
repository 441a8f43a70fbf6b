#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "train/settings.h"

namespace samsr {

/// Seconds of training between two checkpoints with which a run loses the least time to checkpoints and failures
/// together, where a checkpoint costs `cost` seconds and failures come `between_failures` seconds apart on average
/// (both above 0). Daly 2006, Eq. 37: √(2 C M)·(1 + ⅓ √(C / 2M) + C / 18M) - C for C < 2 M, else M; its first term is
/// Young's rule of 1974.
double best_checkpoint_interval(double cost, double between_failures);

/// When a run saves a checkpoint: by the number of steps, or by the clock. By the clock rank 0's word counts for all.
/// For train.checkpoint_minutes=auto it measures what checkpoints cost, and decides the interval by that.
class CheckpointSchedule {
 public:
  using Clock = std::chrono::steady_clock;

  /// `hosts` of the run, any of which may fail.
  CheckpointSchedule(const TrainSettings& settings, std::size_t hosts);

  /// The clock begins: the run trains from now on.
  void begin(Clock::time_point now) { last_ = now; }
  /// By the number of steps, the same on every rank: whether one is due after `step`.
  bool due_after(std::int64_t step) const { return every_ > 0 && step % every_ == 0; }
  /// By the clock of this rank.
  bool due_at(Clock::time_point now) const;
  /// In words, for the table of a run.
  std::string text() const;
  /// Seconds between checkpoints as decided so far; none where steps are counted.
  std::optional<double> interval() const;

  /// A checkpoint was begun at `begun`, and training waited for it until `now`.
  void saved(Clock::time_point begun, Clock::time_point now);
  /// A step took so many seconds, while a checkpoint was being copied and written (`beside`) or not. What steps beside
  /// one take longer than usual is part of what it costs.
  void step(double seconds, bool beside);
  /// The last checkpoint is on the disk.
  void written(Clock::time_point now);
  /// Seconds of training that a checkpoint has cost, once after each; none mostly.
  std::optional<double> take_cost() { return std::exchange(cost_, std::nullopt); }
  /// What was decided anew since it was last asked, for the log; empty mostly.
  std::string news();

 private:
  /// The cost of the last checkpoint is known: it is no longer written.
  void close();

  const std::int64_t every_;
  const CheckpointMinutes minutes_;
  const std::size_t hosts_;
  const double between_failures_;  ///< of the whole run; all times in seconds
  Clock::time_point last_;         ///< when the last one was begun
  std::deque<double> usual_;       ///< the last steps without a checkpoint beside them
  std::optional<double> waited_;   ///< for the checkpoint whose cost is not known yet
  double slower_ = 0;              ///< what the steps beside it took longer than usual
  double costs_ = 0;               ///< of the checkpoints counted
  std::int64_t counted_ = 0;
  std::optional<double> cost_;  ///< of the last one, until take_cost()
  double longest_write_ = 0;    ///< from when one was begun until it was on the disk
  double said_ = 0;             ///< the interval that news() last told of
};

}  // namespace samsr
