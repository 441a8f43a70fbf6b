#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/folder_lock.h"
#include "train/report/metrics_tail.h"

namespace samsr {

/// How a run is getting on, by the files in its folder alone: run.yaml, config.yaml, metrics.jsonl, the checkpoints and
/// who holds the folder. It may run on this or another host, or have ended. Writes nothing.
class RunStatus {
 public:
  /// UserError when `run` is not the folder of a run.
  explicit RunStatus(std::filesystem::path run);

  /// Looks again. UserError as the constructor's.
  void update();

  /// Whether somebody trains in the folder.
  bool running() const { return holder_.has_value(); }
  /// One screen, a fact a line: what goes on now, hosts, step, rate, time left, losses, where the step's time goes, the
  /// slowest rank, the last checkpoint, and what has gone wrong so far.
  std::string text() const;

 private:
  std::int64_t step() const { return steps_.empty() ? 0 : steps_.back().metrics.step; }
  /// Of the newest checkpoint; none while there is none.
  std::optional<std::int64_t> saved_step() const;
  /// Seconds since a file of the run was changed, by the clock of its file system: that of rank 0's host may be apart.
  double seconds_since_change(const char* file) const;
  /// Steps a second, with what lies between them, of the last steps since the run was started; else of their own time.
  double rate() const;
  std::string fact(const char* name) const;
  std::string now() const;
  std::string progress() const;
  std::string losses() const;
  std::string times() const;
  std::string checkpoint() const;
  std::string faults() const;

  const std::filesystem::path run_;
  MetricsTail log_;
  std::vector<LoggedStep> steps_;  ///< the last ones of the log
  std::vector<std::map<std::string, std::string>> starts_;
  std::optional<FolderHolder> holder_;
  std::int64_t steps_wanted_ = 0;
  std::int64_t checkpoint_every_ = 0;
};

}  // namespace samsr
