#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>

#include "core/log.h"

namespace samsr {

/// Records some steps of a run with Kineto, a few after its first, and writes what the rank did as a Chrome trace:
/// OUT/trace-rankR-stepS.json, S the first step recorded. Open it in chrome://tracing or ui.perfetto.dev.
class StepProfiler {
 public:
  /// `steps`: how many to record; 0 for none.
  StepProfiler(std::int64_t steps, std::filesystem::path out, int rank, c10::Device device, Log& log);
  ~StepProfiler();
  StepProfiler(const StepProfiler&) = delete;
  StepProfiler& operator=(const StepProfiler&) = delete;

  /// Around every step; `step` is its number.
  void before(std::int64_t step);
  void after();
  /// Writes what was recorded when the run ends early; says so when nothing was.
  void finish();

 private:
  void start(std::int64_t step);
  void write();

  std::int64_t left_;     ///< steps still to record
  std::int64_t warm_up_;  ///< steps still to be left out
  std::int64_t first_ = 0;
  bool recording_ = false;
  const std::filesystem::path out_;
  const int rank_;
  const c10::Device device_;
  Log& log_;
};

}  // namespace samsr
