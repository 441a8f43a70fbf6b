#include "eval/tables/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <regex>

#include "core/yaml_entry.h"
#include "core/yaml_text.h"
#include "embedded/published_yaml.h"

namespace samsr {
namespace {

constexpr int kMostDecimals = 9;

TableColumn read_column(const YAML::Node& node, const std::string& source) {
  YamlEntry entry(node, source);
  TableColumn column;
  column.benchmark = entry.optional_text("benchmark");
  column.group = entry.text("group");
  column.metric = entry.text("metric");
  column.label = entry.text("label");
  const std::string better = entry.text("better");
  if (better != "higher" && better != "lower" && better != "neither") {
    entry.fail("better is '" + better + "', expected higher, lower or neither");
  }
  column.higher_is_better = better == "higher";
  column.ranked = better != "neither";
  column.decimals = static_cast<int>(std::min<std::int64_t>(entry.count("decimals"), kMostDecimals));
  entry.finish();
  return column;
}

/// Publications by the names that rows call them by.
using Publications = std::map<std::string, std::string>;

Publications read_publications(const std::string& yaml, const std::string& source) {
  Publications publications;
  const YAML::Node sources = parse_yaml(yaml, source)["sources"];
  if (!sources || sources.IsNull()) {
    return publications;
  }
  YamlEntry entry(sources, source);
  for (const auto& named : sources) {
    const auto name = named.first.as<std::string>();
    publications[name] = entry.text(name);
  }
  return publications;
}

std::string publication(const std::string& name, const Publications& publications) {
  const auto named = publications.find(name);
  return named == publications.end() ? name : named->second;
}

/// "500k" and "10-15k" stand in columns of iterations as they are printed; the latter is no number to compare with.
QuotedFigure read_iterations(const std::string& text, YamlEntry& entry) {
  std::smatch part;
  if (!std::regex_match(text, part, std::regex("([0-9]+)(-[0-9]+)?(k?)"))) {
    entry.fail("'" + text + "' is no number of iterations (500k, 10-15k) and not none");
  }
  const double unit = part[3].length() > 0 ? 1000 : 1;
  return {part[2].matched ? std::numeric_limits<double>::quiet_NaN() : std::stod(part[1]) * unit, text};
}

QuotedFigure read_figure(const std::string& text, const TableColumn& column, YamlEntry& entry) {
  double number = std::numeric_limits<double>::quiet_NaN();
  if (text == "none") {
    return {number, ""};
  }
  if (column.metric == kIterations) {
    return read_iterations(text, entry);
  }
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, number).ptr != end) {
    entry.fail("'" + text + "' is neither a number nor none");
  }
  return {number, ""};
}

QuotedRow read_row(const YAML::Node& node, const std::string& source, const Publications& publications,
                   const TableLayout& layout) {
  YamlEntry entry(node, source);
  QuotedRow row;
  row.method = entry.text("method");
  row.names = entry.texts("names");
  const std::string named = entry.optional_text("source");
  row.source = named.empty() ? layout.source : publication(named, publications);
  if (row.source.empty()) {
    entry.fail("an entry lacks 'source'");
  }
  const std::vector<std::string> values = entry.texts("values");
  if (values.size() != layout.columns.size()) {
    entry.fail(fmt::format("'{}' has {} values for {} columns", row.method, values.size(), layout.columns.size()));
  }
  for (std::size_t c = 0; c < values.size(); ++c) {
    row.figures.push_back(read_figure(values[c], layout.columns[c], entry));
  }
  if (std::any_of(layout.quoted.begin(), layout.quoted.end(),
                  [&](const QuotedRow& other) { return other.method == row.method && other.source == row.source; })) {
    entry.fail("a second row '" + row.method + "' of one source");
  }
  entry.finish();
  return row;
}

TableLayout read_layout(const YAML::Node& node, const std::string& source, const Publications& publications) {
  YamlEntry entry(node, source);
  TableLayout layout;
  layout.id = entry.text("id");
  layout.title = entry.text("title");
  layout.source = publication(entry.optional_text("source"), publications);
  if (const std::string heading = entry.optional_text("heading"); !heading.empty()) {
    layout.heading = heading;
  }
  layout.methods = entry.optional_text("methods");
  const std::string rows = entry.optional_text("rows");
  if (!rows.empty() && rows != "runs") {
    entry.fail("rows is '" + rows + "', expected runs, or no such line");
  }
  layout.runs_only = rows == "runs";
  layout.not_held = entry.optional_text("not_held");
  for (const YAML::Node& each : entry.list("columns")) {
    layout.columns.push_back(read_column(each, source));
  }
  if (layout.columns.empty()) {
    entry.fail("a table needs a column");
  }
  for (const YAML::Node& each : entry.list("quoted")) {
    layout.quoted.push_back(read_row(each, source, publications, layout));
  }
  entry.finish();
  return layout;
}

}  // namespace

std::string TableColumn::arrow() const { return !ranked ? "" : higher_is_better ? " ↑" : " ↓"; }

std::string TableColumn::full_name() const { return group + " " + label; }

std::vector<TableLayout> read_layouts(const std::string& yaml, const std::string& source) {
  const std::vector<YAML::Node> tables = yaml_catalogue(yaml, source, "tables");
  const Publications publications = read_publications(yaml, source);
  std::vector<TableLayout> layouts;
  for (const YAML::Node& node : tables) {
    TableLayout layout = read_layout(node, source, publications);
    if (std::any_of(layouts.begin(), layouts.end(), [&](const TableLayout& other) { return other.id == layout.id; })) {
      YamlEntry(node, source).fail("a second table '" + layout.id + "'");
    }
    layouts.push_back(std::move(layout));
  }
  return layouts;
}

std::vector<TableLayout> shipped_layouts() {
  return read_layouts(std::string(embedded::published_yaml), "eval/tables/published.yaml");
}

}  // namespace samsr
