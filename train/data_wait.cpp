#include "train/data_wait.h"

#include <fmt/format.h>

#include <algorithm>

namespace samsr {

void DataWait::add(double wait_ms, double step_ms) {
  ++steps_;
  wait_ms_ += wait_ms;
  step_ms_ += step_ms;
}

std::string DataWait::verdict(const LoaderSettings& loader) const {
  constexpr double kBearable = 0.05;
  const double share = wait_ms_ / std::max(step_ms_, 1e-9);
  if (share < kBearable) {
    return fmt::format("data keeps up: waiting for it is {:.1f} % of the step", 100 * share);
  }
  return fmt::format(
      "data wait is {:.0f} % of the step: raise data.loader_threads (now {}), or keep the shards on a faster disk or "
      "in memory",
      100 * share, loader.loader_threads);
}

}  // namespace samsr
