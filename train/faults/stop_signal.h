#pragma once

namespace samsr {

/// While it lives, SIGTERM, SIGINT and SIGUSR1 ask the run to save and end instead of killing it.
/// SIGUSR1 is what schedulers send ahead of a time limit.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Whether this rank has received one.
  bool received() const;
};

}  // namespace samsr
