#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/log.h"
#include "data/shards/loader_settings.h"
#include "train/report/discriminator_health.h"
#include "train/report/metrics_log.h"
#include "train/report/prometheus_file.h"
#include "train/report/run_health.h"
#include "train/report/tensorboard/event_file.h"
#include "train/settings.h"

namespace samsr {

/// What rank 0 tells of a run while it goes: metrics.jsonl (every step), the terminal (every train.log_every steps),
/// TensorBoard's event file in OUT/tensorboard (as the terminal, and after a validation), metrics.prom, and whether
/// data and every rank keep up (after 100 steps, and at the end). Of a discriminator, whether it is of use.
class RunReport {
 public:
  /// Continues the files of `out`, run.yaml with this start among them, after `last_step`. UserError when they cannot
  /// be written, here and below.
  RunReport(const TrainSettings& train, const DiscriminatorSettings& discriminator, const LoaderSettings& loader,
            const std::filesystem::path& out, std::int64_t last_step, Log& log);

  void step(const StepMetrics& metrics);
  /// No-op without TensorBoard.
  void pictures(std::int64_t step, const std::vector<EventPicture>& pictures);
  /// The checkpoint of `step` is whole.
  void saved(std::int64_t step);
  /// The closing verdicts.
  void finish();

  /// The last step in a few words, for the progress bar.
  const std::string& status() const { return status_; }

 private:
  /// From the pace since the run began.
  double seconds_left(std::int64_t step) const;
  void judge() const;

  const TrainSettings& train_;
  const std::int64_t judge_every_;  ///< a discriminator; 0 for never
  const LoaderSettings& loader_;
  Log& log_;
  const std::int64_t first_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  MetricsLog metrics_;
  std::unique_ptr<EventFile> events_;  ///< null without TensorBoard
  LossWindow losses_;
  std::unique_ptr<PrometheusFile> prometheus_;  ///< null without train.prometheus
  DataWait wait_;
  RankPace pace_;
  DiscriminatorHealth discriminator_;
  std::string status_;
};

}  // namespace samsr
