#include "eval/tables/choose_tables.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/yaml_text.h"
#include "eval/tables/differences.h"
#include "eval/tables/merge.h"

namespace samsr {
namespace {

bool is_file_of_layouts(const std::string& layout) { return layout.ends_with(".yaml") || layout.ends_with(".yml"); }

bool is_by_id(const TableRequest& request) {
  return request.layout != kAllLayouts && request.layout != kMeasuredLayout && !is_file_of_layouts(request.layout);
}

/// The layout called `id`. UserError with the nearest name and all names.
const TableLayout& layout_called(const std::string& id, const std::vector<TableLayout>& layouts) {
  std::vector<std::string> names{kAllLayouts, kMeasuredLayout};
  std::string listed;
  for (const TableLayout& layout : layouts) {
    if (layout.id == id) {
      return layout;
    }
    names.push_back(layout.id);
    listed += layout.id + ", ";
  }
  throw UserError("--layout {}: no such table{}; there are {}{}, {} and files that end in .yaml", id,
                  did_you_mean(id, names), listed, kMeasuredLayout, kAllLayouts);
}

/// The layouts of the request: those of its ids, else all that there are.
std::vector<TableLayout> layouts_of(const TableRequest& request) {
  if (is_file_of_layouts(request.layout)) {
    return read_layouts(read_yaml_file(request.layout), request.layout);
  }
  const std::vector<TableLayout> layouts = request.published.empty()
                                               ? shipped_layouts()
                                               : read_layouts(read_yaml_file(request.published), request.published);
  if (!is_by_id(request)) {
    return layouts;
  }
  std::vector<TableLayout> chosen;
  std::istringstream ids(request.layout);
  for (std::string id; std::getline(ids, id, ',');) {
    chosen.push_back(layout_called(id, layouts));
  }
  return chosen.empty() ? std::vector{layout_called(request.layout, layouts)} : chosen;
}

Measurements measurements_of(const TableRequest& request) {
  Measurements measurements;
  measurements.results = merge_results(collect_results(request.results));
  for (const NamedPath& run : request.runs) {
    measurements.runs.push_back(read_trained_run(run.path, run.name));
  }
  return measurements;
}

/// "realsr clipiqa": what the tables show of results.
std::set<std::string> figures_of(const std::vector<Table>& tables) {
  std::set<std::string> names;
  for (const Table& table : tables) {
    for (const TableColumn& column : table.columns) {
      if (column.ranked) {
        names.insert(column.benchmark + " " + column.metric);
      }
    }
  }
  return names;
}

/// UserError that says whose names were looked for among which.
[[noreturn]] void refuse_comparison(const std::vector<Table>& tables) {
  std::set<std::string> measured;
  std::set<std::string> published;
  for (const Table& table : tables) {
    for (const TableRow& row : table.measured) {
      measured.insert(row.names.front());
    }
    for (std::size_t r = 0; r < table.quoted.size() && !table.measured.empty(); ++r) {
      published.insert(table.quoted[r].names.back());
    }
  }
  if (measured.empty()) {
    throw UserError("--compare: nothing that was measured has a place in the tables, which show {}",
                    fmt::join(figures_of(tables), ", "));
  }
  throw UserError(
      "--compare: no method that was measured ({}) has a published figure beside it; methods are matched by name, so "
      "give them those of published rows with --model NAME=… or --pred NAME=… of samsr eval: {}",
      fmt::join(measured, ", "), fmt::join(published, ", "));
}

}  // namespace

std::vector<std::string> columns_not_measured(const TableRequest& request, const std::vector<Table>& tables) {
  if (!is_by_id(request) && !is_file_of_layouts(request.layout)) {
    return {};
  }
  std::vector<std::string> names;
  for (const Table& table : tables) {
    for (const std::string& name : unmeasured_columns(table)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

std::vector<Table> choose_tables(const TableRequest& request) {
  const std::vector<TableLayout> layouts = layouts_of(request);  // first: a wrong name is said at once
  const Measurements measurements = measurements_of(request);
  if (request.layout == kMeasuredLayout) {
    return {fill_table(layout_of_everything(measurements), measurements)};
  }
  std::vector<Table> tables;
  for (const TableLayout& layout : layouts) {
    Table table = fill_table(layout, measurements);
    if (is_by_id(request) || !table.measured.empty()) {
      tables.push_back(std::move(table));
    }
  }
  if (tables.empty()) {
    tables.push_back(fill_table(layout_of_everything(measurements), measurements));
  }
  return tables;
}

std::vector<Table> published_tables(const TableRequest& request) {
  std::vector<Table> tables;
  for (const TableLayout& layout : layouts_of(request)) {
    if (!layout.source.empty()) {
      tables.push_back(published_table(layout));
    }
  }
  if (tables.empty() || request.layout == kMeasuredLayout) {
    throw UserError(
        "--paper --layout {}: no publication has such a table; leave --layout out, or name one that has a "
        "source of its own",
        request.layout);
  }
  return tables;
}

Table differences(const TableRequest& request, const std::string& baseline) {
  return differences_from(baseline, {merge_results(collect_results(request.results)), {}});
}

std::vector<PublishedComparison> compare_with_published(const TableRequest& request) {
  if (request.layout == kMeasuredLayout) {
    throw UserError("--compare --layout {}: nothing is published in that table; leave --layout out", request.layout);
  }
  const std::vector<TableLayout> layouts = layouts_of(request);
  const Measurements measurements = measurements_of(request);
  std::vector<Table> tables;
  std::vector<PublishedComparison> comparisons;
  for (const TableLayout& layout : layouts) {
    tables.push_back(fill_table(layout, measurements));
    PublishedComparison comparison = compare_table(tables.back(), measurements);
    if (!comparison.figures.empty()) {
      comparisons.push_back(std::move(comparison));
    }
  }
  if (comparisons.empty()) {
    refuse_comparison(tables);
  }
  return comparisons;
}

}  // namespace samsr
