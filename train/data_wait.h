#pragma once

#include <cstdint>
#include <string>

#include "data/shards/loader_settings.h"

namespace samsr {

/// How much of the run's time went into waiting for batches.
class DataWait {
 public:
  void add(double wait_ms, double step_ms);

  std::int64_t steps() const { return steps_; }
  /// "data wait is 31 % of the step: …" with the knob to turn, or that data keeps up. For one step or more.
  std::string verdict(const LoaderSettings& loader) const;

 private:
  std::int64_t steps_ = 0;
  double wait_ms_ = 0;
  double step_ms_ = 0;
};

}  // namespace samsr
