#include "eval/metrics/choose_metrics.h"

#include <fmt/ranges.h>

#include "core/error.h"

namespace samsr {
namespace {

/// The metric, or in `missing` one line that says why there is none.
std::unique_ptr<Metric> made_or_missing(const MetricDescription& description, const MetricOptions& options,
                                        std::string& missing) {
  MetricParts parts{description, options.crop_border, options.device};
  std::vector<std::string> lacking;
  for (const std::string_view file : description.files) {
    const auto path = options.files != nullptr ? options.files->find(std::string(file)) : std::nullopt;
    if (path) {
      parts.files.push_back(*path);
    } else {
      lacking.push_back(options.files != nullptr ? options.files->how_to_get(std::string(file))
                                                 : fmt::format("no folder was given to look for {} in", file));
    }
  }
  if (!lacking.empty()) {
    missing = fmt::format("{} is left out: {}", description.name, fmt::join(lacking, "; "));
    return nullptr;
  }
  return description.make(parts);
}

}  // namespace

ChosenMetrics choose_metrics(const std::string& names, const MetricOptions& options) {
  ChosenMetrics chosen;
  for (const MetricDescription* description : metrics_named(names)) {
    std::string missing;
    if (auto metric = made_or_missing(*description, options, missing)) {
      chosen.metrics.push_back(std::move(metric));
    } else {
      chosen.left_out.push_back(missing);
    }
  }
  if (chosen.metrics.empty()) {
    throw UserError("no metric is left of '{}': {}", names, fmt::join(chosen.left_out, "; "));
  }
  return chosen;
}

std::unique_ptr<Metric> make_metric(const std::string& name, const MetricOptions& options) {
  std::string missing;
  auto metric = made_or_missing(metric_description(name), options, missing);
  if (!metric) {
    throw UserError("{}", missing);
  }
  return metric;
}

}  // namespace samsr
