#pragma once

#include <filesystem>
#include <string>

namespace samsr {

/// What it cost to train a method.
struct TrainingCost {
  std::string method;
  double hours = 0;      ///< sum of its steps' times; saving and validation come on top
  double processes = 0;  ///< ranks of the last start
};

/// From a run's folder: the steps' times in metrics.jsonl, the ranks in run.yaml. UserError naming the file that is
/// missing or holds something else.
TrainingCost training_cost(const std::filesystem::path& run, const std::string& method);

}  // namespace samsr
