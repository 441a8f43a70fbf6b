#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// What one optimizer step leaves in the log; losses are means over the global batch.
struct StepMetrics {
  std::int64_t step = 0;
  std::vector<std::pair<std::string, double>> losses;  ///< "loss" first, then every term
  double learning_rate = 0;
  double gradient_norm = 0;
  double images_per_second = 0;
  double step_ms = 0;
  double data_wait_ms = 0;  ///< the longest of any rank
  double memory_mb = 0;     ///< resident memory of rank 0, 10^6 bytes
  std::size_t bad_samples = 0;  ///< left out since the run began because their checksum failed, on all ranks
  bool skipped = false;     ///< a loss or gradient was not finite, so nothing was updated
};

/// `metrics.jsonl`: one JSON object a step, flushed as it is written.
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
