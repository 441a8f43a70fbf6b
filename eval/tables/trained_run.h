#pragma once

#include <filesystem>
#include <limits>
#include <string>

namespace samsr {

/// What the folder of the run that trained a method says of it; NaN where it says nothing.
struct TrainedRun {
  std::string method;
  double hours =
      std::numeric_limits<double>::quiet_NaN();  ///< sum of its steps' times; saving and validation come on top
  double processes = std::numeric_limits<double>::quiet_NaN();     ///< ranks of the last start
  double iterations = std::numeric_limits<double>::quiet_NaN();    ///< its last step
  double power = std::numeric_limits<double>::quiet_NaN();         ///< diffusion.schedule_kwargs.power, p
  double kappa = std::numeric_limits<double>::quiet_NaN();         ///< diffusion.kappa
  double step_seconds = std::numeric_limits<double>::quiet_NaN();  ///< median of its steps' times
};

/// Steps and their times from metrics.jsonl, the ranks from run.yaml, settings from config.yaml. UserError naming the
/// file that is missing or holds something else.
TrainedRun read_trained_run(const std::filesystem::path& run, const std::string& method);

}  // namespace samsr
