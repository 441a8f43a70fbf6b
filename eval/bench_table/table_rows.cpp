#include "eval/bench_table/table_rows.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <sstream>

#include "core/error.h"
#include "eval/metrics/metric_table.h"

namespace samsr {
namespace {

bool is_measurable(const TableLayout& layout) {
  const std::vector<std::string> metrics = metric_names();
  return layout.methods.empty() && !layout.runs_only &&
         std::all_of(layout.columns.begin(), layout.columns.end(), [&](const TableColumn& column) {
           return !column.benchmark.empty() &&
                  std::find(metrics.begin(), metrics.end(), column.metric) != metrics.end();
         });
}

}  // namespace

std::vector<TableLayout> measurable_layouts(const std::string& ids) {
  std::vector<TableLayout> layouts = shipped_layouts();
  std::erase_if(layouts, [](const TableLayout& layout) { return !is_measurable(layout); });
  std::vector<std::string> known;
  for (const TableLayout& layout : layouts) {
    known.push_back(layout.id);
  }
  std::vector<TableLayout> chosen;
  std::istringstream list(ids);
  for (std::string id; std::getline(list, id, ',');) {
    const auto named = [&](const TableLayout& layout) { return layout.id == id; };
    const auto found = std::find_if(layouts.begin(), layouts.end(), named);
    if (found == layouts.end()) {
      throw UserError("--tables {}: '{}' is no table that published weights fill; there are {}", ids, id,
                      fmt::join(known, ", "));
    }
    if (std::none_of(chosen.begin(), chosen.end(), named)) {
      chosen.push_back(*found);
    }
  }
  if (chosen.empty()) {
    throw UserError("--tables '{}' names no table; there are {}", ids, fmt::join(known, ", "));
  }
  return chosen;
}

const OfficialFile* file_of_row(const std::vector<OfficialFile>& files, const std::string& method,
                                const std::string& table) {
  static const std::regex row_of_table("(.*) \\(Table (.+)\\)");
  for (const OfficialFile& file : files) {
    std::istringstream rows(file.row);
    for (std::string row; std::getline(rows >> std::ws, row, ',');) {
      std::smatch part;
      const bool of_one = std::regex_match(row, part, row_of_table);
      if (of_one ? part[1] == method && part[2] == table : row == method) {
        return &file;
      }
    }
  }
  return nullptr;
}

std::int64_t steps_in_name(const std::string& method) {
  const std::size_t hyphen = method.rfind('-');
  std::int64_t steps = 0;
  if (hyphen != std::string::npos) {
    const char* const end = method.data() + method.size();
    const auto [read, error] = std::from_chars(method.data() + hyphen + 1, end, steps);
    steps = error == std::errc() && read == end ? steps : 0;
  }
  return steps;
}

}  // namespace samsr
