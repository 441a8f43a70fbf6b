#include "eval/tables/differences.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/error.h"
#include "core/nearest_name.h"

namespace samsr {
namespace {

const MethodScores* method_called(const std::string& name, const Results& set) {
  const auto found = std::ranges::find(set.methods, name, &MethodScores::name);
  return found == set.methods.end() ? nullptr : &*found;
}

/// Of the images that both have a figure of.
TableCell difference(const MethodScores& method, const MethodScores& baseline, std::size_t metric, int decimals) {
  std::map<std::string, double> of_baseline;
  for (const ImageScores& image : baseline.images) {
    of_baseline[image.image] = image.values[metric];
  }
  std::vector<double> values;
  for (const ImageScores& image : method.images) {
    const auto other = of_baseline.find(image.image);
    if (other != of_baseline.end() && !std::isnan(image.values[metric]) && !std::isnan(other->second)) {
      values.push_back(image.values[metric] - other->second);
    }
  }
  TableCell cell;
  if (!values.empty()) {
    cell.value = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    cell.text = fmt::format("{:+.{}f}", cell.value, decimals);
    cell.interval = bootstrap_interval(values);
  }
  return cell;
}

/// Names in the order in which they are first met, without `baseline`.
std::vector<std::string> others(const std::string& baseline, const Measurements& measurements) {
  std::vector<std::string> names;
  bool known = false;
  for (const Results& set : measurements.results) {
    for (const MethodScores& method : set.methods) {
      known = known || method.name == baseline;
      if (method.name != baseline && std::ranges::find(names, method.name) == names.end()) {
        names.push_back(method.name);
      }
    }
  }
  if (!known) {
    throw UserError("--against {}: no such method{}; there are {}", baseline, did_you_mean(baseline, names),
                    fmt::join(names, ", "));
  }
  if (names.empty()) {
    throw UserError("--against {}: nothing else was measured", baseline);
  }
  return names;
}

}  // namespace

Table differences_from(const std::string& baseline, const Measurements& measurements) {
  Table table;
  table.title = fmt::format("Differences from {}, image by image", baseline);
  table.heading = "method";
  for (const std::string& name : others(baseline, measurements)) {
    table.measured.push_back({name, {name}, 0, {}});
  }
  for (const Results& set : measurements.results) {
    const MethodScores* compared = method_called(baseline, set);
    if (compared == nullptr) {
      continue;
    }
    for (std::size_t m = 0; m < set.metrics.size(); ++m) {
      const MetricInfo& metric = set.metrics[m];
      if (metric.whole_set) {
        continue;
      }
      table.columns.push_back(
          {set.benchmark, set.title, metric.name, display_name(metric), metric.higher_is_better, metric.decimals});
      for (TableRow& row : table.measured) {
        const MethodScores* method = method_called(row.method, set);
        row.cells.push_back(method == nullptr ? TableCell() : difference(*method, *compared, m, metric.decimals));
      }
    }
  }
  table.notes = {
      fmt::format("mean over images of a method's figure less that of {} for the same image", baseline),
      "in brackets: 95 % bootstrap interval of the mean difference over images; where it holds no 0, another "
      "choice of images would hardly turn the difference round"};
  for (std::string& note : protocol_notes(table, measurements)) {
    table.notes.push_back(std::move(note));
  }
  return table;
}

}  // namespace samsr
