#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "train/report/step_timer.h"

namespace samsr {

/// The rank that the others waited for in a step, by the time of its own work: all of a step until its gradients are
/// ready to be exchanged.
struct SlowestRank {
  int rank = 0;
  std::string host;
  double ms = 0;
  double median_ms = 0;  ///< half of the ranks, at the least, took no longer

  /// What the ranks wait for it.
  double excess_ms() const { return ms - median_ms; }
};

/// What one optimizer step leaves in the log; losses are means over the global batch.
struct StepMetrics {
  std::int64_t step = 0;
  std::vector<std::pair<std::string, double>> losses;      ///< "loss" first, then every term
  std::vector<std::pair<std::string, double>> validation;  ///< figures of Validation; empty in most steps
  double learning_rate = 0;
  double gradient_norm = 0;
  /// NAME_lr and NAME_grad_norm of further trainables, and in some steps grad_TERM (train.log_term_gradients).
  std::vector<std::pair<std::string, double>> details;
  double images_per_second = 0;
  StepTimes times;                      ///< of rank 0
  double data_wait_ms = 0;              ///< the longest of any rank
  std::optional<SlowestRank> slowest;   ///< none where there is one rank
  double memory_mb = 0;                 ///< resident memory of rank 0, 10^6 bytes
  std::optional<double> gpu_memory_mb;  ///< the most that rank 0 has taken of its GPU; none on the CPU
  /// That training waited for the checkpoint begun behind the step before: until its state was taken, or all of it was
  /// on the disk (train.checkpoint_behind); 0 in most steps.
  double checkpoint_wait_ms = 0;
  /// What the last checkpoint has cost: that wait, and what the steps beside its writing took longer than usual. Once
  /// for each checkpoint.
  std::optional<double> checkpoint_cost_ms;
  std::optional<double> checkpoint_minutes;  ///< between checkpoints, as decided so far; none where steps are counted
  std::size_t bad_samples = 0;  ///< left out since the run began because their checksum failed, on all ranks
  bool skipped = false;         ///< a loss or gradient was not finite, so nothing was updated
};

/// Every number of the step by its key in metrics.jsonl: the losses, the figures of a validation, lr, grad_norm, the
/// details, images_per_s, step_ms, data_wait_ms, rollout_ms, forward_ms, backward_ms, exchange_ms, optimizer_ms, of
/// several ranks slowest_rank, slowest_rank_ms and median_rank_ms, memory_mb, on a GPU gpu_memory_mb, behind a
/// checkpoint checkpoint_wait_ms and checkpoint_cost_ms, and checkpoint_minutes.
std::vector<std::pair<std::string, double>> named_values(const StepMetrics& metrics);

/// `metrics.jsonl`: one JSON object a step, flushed as it is written; its `time` is seconds since 1970, when it was
/// written.
class MetricsLog {
 public:
  /// Continues the file after `last_step`: lines of later steps (written after the checkpoint that a run
  /// resumes from) and a torn last line are dropped.
  MetricsLog(const std::filesystem::path& file, std::int64_t last_step);

  void write(const StepMetrics& metrics);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace samsr
