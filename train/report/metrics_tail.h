#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "train/report/metrics_log.h"

namespace samsr {

/// A line of metrics.jsonl, read back.
struct LoggedStep {
  StepMetrics metrics;  ///< the figures of a validation stand among the losses; those that were not finite are NaN
  double time = 0;      ///< seconds since 1970; 0 in logs of earlier versions
};

/// Follows the metrics.jsonl of a run that may be going on: reads what has been added, and nothing twice.
class MetricsTail {
 public:
  /// `length`: steps that are kept.
  explicit MetricsTail(std::filesystem::path file, std::size_t length = 512);

  /// Reads what is new, or all of it where the file has been replaced, as a run that resumes does. Half a line at the
  /// end is left for the next time. Without a file there are no steps.
  void update();

  /// The last steps, the newest one last.
  std::vector<LoggedStep> last() const;
  /// Steps of the whole log that were skipped, because a loss or gradient was not finite.
  std::int64_t skipped() const { return skipped_; }

 private:
  void add(std::string line);

  const std::filesystem::path file_;
  const std::size_t length_;
  ino_t inode_ = 0;
  std::int64_t offset_ = 0;  ///< behind the last whole line read
  std::deque<std::string> lines_;
  std::int64_t skipped_ = 0;
};

}  // namespace samsr
