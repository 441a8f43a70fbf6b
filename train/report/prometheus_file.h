#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "train/report/metrics_log.h"

namespace samsr {

/// What a run tells Prometheus beside the figures of its last step.
struct PrometheusFacts {
  std::string run;  ///< label of every value
  std::int64_t steps = 0;
  std::int64_t starts = 0;
  std::int64_t skipped_steps = 0;    ///< since this start
  std::int64_t checkpoint_step = 0;  ///< 0 while there is none
  double seconds_left = 0;
};

/// The values in Prometheus' text format: samsr_train_step, samsr_train_loss{term="…"}, … with their help. `time`:
/// seconds since 1970.
std::string prometheus_text(const PrometheusFacts& facts, const StepMetrics& metrics, double time);

/// OUT/metrics.prom, for the textfile collector of node_exporter. The file is whole at every moment.
class PrometheusFile {
 public:
  /// `facts`: what is known at the start.
  PrometheusFile(const std::filesystem::path& out, PrometheusFacts facts);

  /// Writes the file, unless it is younger than ten seconds. UserError when it cannot be written, here and below.
  void step(const StepMetrics& metrics, double seconds_left);
  /// The checkpoint of `step` is whole.
  void saved(std::int64_t step) { facts_.checkpoint_step = step; }
  /// Writes the last step's values.
  void finish();

 private:
  void write();

  const std::filesystem::path file_;
  PrometheusFacts facts_;
  StepMetrics last_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace samsr
