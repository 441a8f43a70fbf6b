#include "eval/tables/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace samsr {
namespace {

constexpr double kHoursADay = 24;
constexpr const char* kQuotedNote = "† quoted from publications, not measured here";

const Results* find_set(const Measurements& measurements, const std::string& benchmark) {
  const auto found = std::find_if(measurements.results.begin(), measurements.results.end(),
                                  [&](const Results& set) { return set.benchmark == benchmark; });
  return found == measurements.results.end() ? nullptr : &*found;
}

const MethodScores* find_method(const Results& set, const std::string& name) {
  const auto found =
      std::find_if(set.methods.begin(), set.methods.end(), [&](const MethodScores& each) { return each.name == name; });
  return found == set.methods.end() ? nullptr : &*found;
}

std::optional<std::size_t> find_metric(const Results& set, const std::string& name) {
  for (std::size_t m = 0; m < set.metrics.size(); ++m) {
    if (set.metrics[m].name == name) {
      return m;
    }
  }
  return std::nullopt;
}

std::int64_t most_counted(const Results& set, std::size_t metric) {
  std::int64_t most = 0;
  for (const MethodScores& method : set.methods) {
    most = std::max(most, method.counted(metric));
  }
  return most;
}

/// Names in the order in which they are first met.
std::vector<std::string> all_methods(const Measurements& measurements) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  };
  for (const Results& set : measurements.results) {
    for (const MethodScores& method : set.methods) {
      add(method.name);
    }
  }
  for (const TrainedRun& run : measurements.runs) {
    add(run.method);
  }
  return names;
}

const TrainedRun* find_run(const Measurements& measurements, const std::string& method) {
  const auto found = std::find_if(measurements.runs.begin(), measurements.runs.end(),
                                  [&](const TrainedRun& run) { return run.method == method; });
  return found == measurements.runs.end() ? nullptr : &*found;
}

/// What the run of a method says in a column; nothing for columns that no run fills.
std::optional<double> run_value(const TrainedRun* run, const std::string& metric) {
  const TrainedRun values = run == nullptr ? TrainedRun() : *run;
  const std::pair<const char*, double> columns[] = {
      {kIterations, values.iterations},   {kHours, values.hours}, {kDays, values.hours / kHoursADay},
      {kProcesses, values.processes},     {kPower, values.power}, {kKappa, values.kappa},
      {kStepSeconds, values.step_seconds}};
  for (const auto& [name, value] : columns) {
    if (metric == name) {
      return value;
    }
  }
  return std::nullopt;
}

bool is_setting(const TableColumn& column) { return column.metric == kPower || column.metric == kKappa; }

TableCell measured_cell(const TableColumn& column, const std::string& name, const Measurements& measurements) {
  TableCell cell;
  if (const auto value = run_value(find_run(measurements, name), column.metric)) {
    cell.value = *value;
    return cell;
  }
  const Results* set = find_set(measurements, column.benchmark);
  const MethodScores* method = set == nullptr ? nullptr : find_method(*set, name);
  if (method == nullptr) {
    return cell;
  }
  if (column.metric == kSeconds || column.metric == kParameters) {
    cell.value = column.metric == kSeconds ? method->seconds_per_image : method->parameters;
  } else if (const auto metric = find_metric(*set, column.metric)) {
    cell.value = method->mean(*metric);
    cell.interval = method->interval(*metric);
    cell.fewer_images = !std::isnan(cell.value) && method->counted(*metric) < most_counted(*set, *metric);
  }
  return cell;
}

bool has_figure(const TableRow& row, const std::vector<TableColumn>& columns) {
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (!is_setting(columns[c]) && !std::isnan(row.cells[c].value)) {
      return true;
    }
  }
  return false;
}

/// Under a heading of its own the first column holds what tells the methods apart: "0.2" of "m:0.2" under "m".
std::string shown_name(const std::string& name, const TableLayout& layout) {
  return layout.heading + ":" == layout.methods ? name.substr(layout.methods.size()) : name;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const std::string& part : parts) {
    text += (text.empty() ? "" : between) + part;
  }
  return text;
}

void mark_places(Table& table) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (!table.columns[c].ranked) {
      continue;
    }
    std::vector<TableCell*> column;
    std::vector<double> values;
    for (auto* rows : {&table.measured, &table.quoted}) {
      for (TableRow& row : *rows) {
        column.push_back(&row.cells[c]);
        values.push_back(row.cells[c].value);
      }
    }
    const auto ranks = ranks_of(values, table.columns[c].higher_is_better, table.columns[c].decimals);
    for (std::size_t i = 0; i < column.size(); ++i) {
      column[i]->rank = ranks[i];
    }
  }
}

void add_quoted(Table& table, const TableLayout& layout) {
  for (const QuotedRow& quoted : layout.quoted) {
    auto source = std::find(table.sources.begin(), table.sources.end(), quoted.source);
    if (source == table.sources.end()) {
      source = table.sources.insert(table.sources.end(), quoted.source);
    }
    TableRow& row = table.quoted.emplace_back();
    row.method = quoted.method;
    row.names = quoted.names;
    row.names.insert(row.names.begin(), quoted.method);
    row.source = static_cast<std::size_t>(source - table.sources.begin()) + 1;
    for (const QuotedFigure& figure : quoted.figures) {
      TableCell& cell = row.cells.emplace_back();
      cell.value = figure.value;
      cell.text = figure.text;
    }
  }
}

/// "CLIPIQA: CLIP RN50 … (m=0.2: mean over 99 ‡)".
std::string protocol_of(const TableColumn& column, const Results& set, std::size_t metric,
                        const std::vector<TableRow>& rows) {
  std::vector<std::string> fewer;
  for (const TableRow& row : rows) {
    const MethodScores* method = find_method(set, row.names.front());
    const std::int64_t counted = method == nullptr ? 0 : method->counted(metric);
    if (counted > 0 && counted < most_counted(set, metric)) {
      fewer.push_back(fmt::format("{}: {} {} ‡", row.method, set.metrics[metric].over(), counted));
    }
  }
  return fmt::format("{}: {}{}", column.label, set.metrics[metric].protocol,
                     fewer.empty() ? "" : " (" + joined(fewer, ", ") + ")");
}

std::vector<std::string> notes_of(const Table& table, const TableLayout& layout, const Measurements& measurements) {
  std::vector<std::string> notes;
  const auto any = [](const std::vector<TableRow>& rows, auto test) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const TableRow& row) { return std::any_of(row.cells.begin(), row.cells.end(), test); });
  };
  if (!table.quoted.empty()) {
    notes.emplace_back(kQuotedNote);
  }
  if (any(table.measured, [](const TableCell& cell) { return cell.interval.has_value(); })) {
    notes.push_back("in brackets: 95 % bootstrap interval of the mean over images");
  }
  if (any(table.measured, [](const TableCell& cell) { return cell.fewer_images; })) {
    notes.push_back("‡ over fewer images than the column's others");
  }
  for (std::string& note : protocol_notes(table, measurements)) {
    notes.push_back(std::move(note));
  }
  if (const std::string missing = joined(unmeasured_columns(table), ", "); !missing.empty()) {
    notes.push_back("not measured here: " + missing);
  }
  if (!layout.not_held.empty()) {
    notes.push_back("published but not held here: " + layout.not_held);
  }
  return notes;
}

Table empty_table(const TableLayout& layout) {
  Table table;
  table.id = layout.id;
  table.title = layout.title;
  table.heading = layout.heading;
  table.columns = layout.columns;
  return table;
}

}  // namespace

std::vector<std::string> protocol_notes(const Table& table, const Measurements& measurements) {
  std::vector<std::string> notes;
  for (const Results& set : measurements.results) {
    std::vector<std::string> protocols;
    std::int64_t images = 0;
    for (const TableColumn& column : table.columns) {
      const auto metric = column.benchmark == set.benchmark ? find_metric(set, column.metric) : std::nullopt;
      if (metric) {
        images = std::max(images, most_counted(set, *metric));
        protocols.push_back(protocol_of(column, set, *metric, table.measured));
      }
    }
    if (!protocols.empty()) {
      notes.push_back(fmt::format("{}, {} images: {}", set.title, images, joined(protocols, "; ")));
    }
  }
  return notes;
}

std::vector<std::string> unmeasured_columns(const Table& table) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (!is_setting(table.columns[c]) &&
        std::all_of(table.measured.begin(), table.measured.end(),
                    [&](const TableRow& row) { return std::isnan(row.cells[c].value); })) {
      names.push_back(table.columns[c].full_name());
    }
  }
  return names;
}

Table fill_table(const TableLayout& layout, const Measurements& measurements) {
  Table table = empty_table(layout);
  for (const std::string& name : all_methods(measurements)) {
    if (!name.starts_with(layout.methods) || (layout.runs_only && find_run(measurements, name) == nullptr)) {
      continue;
    }
    TableRow row{shown_name(name, layout), {name}, 0, {}};
    for (const TableColumn& column : layout.columns) {
      row.cells.push_back(measured_cell(column, name, measurements));
    }
    if (has_figure(row, layout.columns)) {
      table.measured.push_back(std::move(row));
    }
  }
  add_quoted(table, layout);
  mark_places(table);
  table.notes = notes_of(table, layout, measurements);
  return table;
}

Table published_table(const TableLayout& layout) {
  TableLayout own = layout;
  std::erase_if(own.quoted, [&](const QuotedRow& row) { return row.source != layout.source; });
  Table table = empty_table(own);
  add_quoted(table, own);
  mark_places(table);
  table.notes = {kQuotedNote};
  return table;
}

TableLayout layout_of_everything(const Measurements& measurements) {
  TableLayout layout;
  layout.title = "Everything measured";
  const auto any = [](const Results& set, auto value) {
    return std::any_of(set.methods.begin(), set.methods.end(),
                       [&](const MethodScores& method) { return !std::isnan(value(method)); });
  };
  for (const Results& set : measurements.results) {
    for (const MetricInfo& metric : set.metrics) {
      layout.columns.push_back(
          {set.benchmark, set.title, metric.name, display_name(metric), metric.higher_is_better, metric.decimals});
    }
    if (any(set, [](const MethodScores& method) { return method.seconds_per_image; })) {
      layout.columns.push_back({set.benchmark, set.title, kSeconds, "s / image", false, 3, false});
    }
    if (any(set, [](const MethodScores& method) { return method.parameters; })) {
      layout.columns.push_back({set.benchmark, set.title, kParameters, "parameters, M", false, 1, false});
    }
  }
  if (!measurements.runs.empty()) {
    layout.columns.push_back({"", "Training", kHours, "hours", false, 2, false});
    layout.columns.push_back({"", "Training", kStepSeconds, "s / step", false, 3, false});
    layout.columns.push_back({"", "Training", kProcesses, "ranks", false, 0, false});
  }
  return layout;
}

std::string cell_figure(const TableColumn& column, const TableCell& cell) {
  if (!cell.text.empty() || std::isnan(cell.value)) {
    return cell.text.empty() ? "-" : cell.text;
  }
  if (column.metric == kIterations && std::fmod(cell.value, 1000) == 0) {
    return fmt::format("{:.0f}k", cell.value / 1000);  // as publications write them
  }
  return fmt::format("{:.{}f}", cell.value, column.decimals);
}

std::string cell_interval(const TableColumn& column, const TableCell& cell) {
  return cell.interval ? display_interval(*cell.interval, column.decimals) : "";
}

std::vector<TableGroup> table_groups(const Table& table) {
  std::vector<TableGroup> found;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (found.empty() || found.back().name != table.columns[c].group) {
      found.push_back({table.columns[c].group, c, 0});
    }
    ++found.back().count;
  }
  return found;
}

}  // namespace samsr
