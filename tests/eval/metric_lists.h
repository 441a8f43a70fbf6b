#pragma once

#include <memory>
#include <string>
#include <vector>

#include "eval/metrics/choose_metrics.h"

namespace samsr::testing {

/// The metrics of a comma-separated list, none of which needs weights.
inline std::vector<std::unique_ptr<Metric>> metrics_of(const std::string& names) {
  return choose_metrics(names).metrics;
}

inline std::vector<const Metric*> pointers_to(const std::vector<std::unique_ptr<Metric>>& metrics) {
  std::vector<const Metric*> pointers;
  for (const auto& metric : metrics) {
    pointers.push_back(metric.get());
  }
  return pointers;
}

}  // namespace samsr::testing
