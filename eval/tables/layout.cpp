#include "eval/tables/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

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

QuotedRow read_row(const YAML::Node& node, const std::string& source, const Publications& publications,
                   std::size_t columns) {
  YamlEntry entry(node, source);
  QuotedRow row{entry.text("method"), entry.text("source"), {}};
  if (const auto named = publications.find(row.source); named != publications.end()) {
    row.source = named->second;
  }
  for (const std::string& text : entry.texts("values")) {
    double number = std::numeric_limits<double>::quiet_NaN();
    const char* const end = text.data() + text.size();
    if (text != "none" && std::from_chars(text.data(), end, number).ptr != end) {
      entry.fail("'" + text + "' is neither a number nor none");
    }
    row.values.push_back(number);
  }
  if (row.values.size() != columns) {
    entry.fail(fmt::format("'{}' has {} values for {} columns", row.method, row.values.size(), columns));
  }
  entry.finish();
  return row;
}

TableLayout read_layout(const YAML::Node& node, const std::string& source, const Publications& publications) {
  YamlEntry entry(node, source);
  TableLayout layout;
  layout.id = entry.text("id");
  layout.title = entry.text("title");
  layout.methods = entry.optional_text("methods");
  layout.not_held = entry.optional_text("not_held");
  for (const YAML::Node& each : entry.list("columns")) {
    layout.columns.push_back(read_column(each, source));
  }
  if (layout.columns.empty()) {
    entry.fail("a table needs a column");
  }
  for (const YAML::Node& each : entry.list("quoted")) {
    layout.quoted.push_back(read_row(each, source, publications, layout.columns.size()));
  }
  entry.finish();
  return layout;
}

}  // namespace

std::string TableColumn::arrow() const { return !ranked ? "" : higher_is_better ? " ↑" : " ↓"; }

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
