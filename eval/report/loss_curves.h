#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace samsr {

/// One quantity of a training run over its steps.
struct LossCurve {
  std::string run;   ///< "teacher", "student"
  std::string name;  ///< "loss", "distill", …
  std::vector<double> steps;
  std::vector<double> values;
};

/// Every loss term in a run's metrics.jsonl: "loss" first, then its terms in the log's order. Values that
/// were not finite are left out. UserError naming the file and line for a line that is no JSON object.
std::vector<LossCurve> read_loss_curves(const std::filesystem::path& metrics_log, const std::string& run);

}  // namespace samsr
