#include "eval/tables/choose_tables.h"

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/yaml_text.h"
#include "eval/tables/merge.h"

namespace samsr {
namespace {

/// Tables that something measured has a place in; all that was measured where there is none.
std::vector<Table> tables_that_fit(const std::vector<TableLayout>& layouts, const Measurements& measurements) {
  std::vector<Table> tables;
  for (const TableLayout& layout : layouts) {
    Table table = fill_table(layout, measurements);
    if (!table.measured.empty()) {
      tables.push_back(std::move(table));
    }
  }
  if (tables.empty()) {
    tables.push_back(fill_table(layout_of_everything(measurements), measurements));
  }
  return tables;
}

std::vector<Table> tables_of(const TableRequest& request, const Measurements& measurements) {
  if (request.layout == kMeasuredLayout) {
    return {fill_table(layout_of_everything(measurements), measurements)};
  }
  if (request.layout.ends_with(".yaml") || request.layout.ends_with(".yml")) {
    return tables_that_fit(read_layouts(read_yaml_file(request.layout), request.layout), measurements);
  }
  const std::vector<TableLayout> layouts = request.published.empty()
                                               ? shipped_layouts()
                                               : read_layouts(read_yaml_file(request.published), request.published);
  if (request.layout == kAllLayouts) {
    return tables_that_fit(layouts, measurements);
  }
  std::vector<std::string> names{kAllLayouts, kMeasuredLayout};
  std::string listed;
  for (const TableLayout& layout : layouts) {
    if (layout.id == request.layout) {
      return {fill_table(layout, measurements)};
    }
    names.push_back(layout.id);
    listed += layout.id + ", ";
  }
  throw UserError("--layout {}: no such table{}; there are {}{}, {} and files that end in .yaml", request.layout,
                  did_you_mean(request.layout, names), listed, kMeasuredLayout, kAllLayouts);
}

}  // namespace

std::vector<std::string> columns_not_measured(const TableRequest& request, const std::vector<Table>& tables) {
  if (request.layout == kAllLayouts || request.layout == kMeasuredLayout) {
    return {};
  }
  std::vector<std::string> names;
  for (const Table& table : tables) {
    for (const std::string& name : unmeasured_columns(table)) {
      names.push_back(name);
    }
  }
  return names;
}

std::vector<Table> choose_tables(const TableRequest& request) {
  Measurements measurements;
  measurements.results = merge_results(collect_results(request.results));
  for (const NamedPath& run : request.runs) {
    measurements.training.push_back(training_cost(run.path, run.name));
  }
  return tables_of(request, measurements);
}

}  // namespace samsr
