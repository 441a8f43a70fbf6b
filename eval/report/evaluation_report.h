#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/measure/evaluation.h"
#include "eval/report/loss_curves.h"

namespace samsr {

/// What a report says beside the figures.
struct EvaluationNotes {
  std::string title;
  std::vector<LossCurve> curves;  ///< of runs
  std::string command;
  std::string settings;  ///< resolved YAML
};

/// Writes OUT/report.html and returns the table of all sets as Markdown; of `several` that were asked for, it is
/// written to OUT/results.md as well, beside the folders of each.
std::string report_evaluation(const std::vector<EvaluatedSet>& sets, bool several, const EvaluationNotes& notes,
                              const std::filesystem::path& out);

}  // namespace samsr
