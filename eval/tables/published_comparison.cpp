#include "eval/tables/published_comparison.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <regex>

namespace samsr {
namespace {

constexpr const char* kFactor = "m:";

/// "0.167" of "1/6" and of "0.16667"; nothing of what is no number.
std::string number_key(const std::string& text) {
  std::smatch part;
  if (!std::regex_match(text, part, std::regex("([0-9]*\\.?[0-9]+)(/([0-9]*\\.?[0-9]+))?"))) {
    return {};
  }
  return fmt::format("{:.3f}", std::stod(part[1]) / (part[2].matched ? std::stod(part[3]) : 1));
}

std::string method_key(const std::string& name) {
  if (name.starts_with(kFactor)) {
    const std::string factor = name.substr(std::string(kFactor).size());
    const std::string number = number_key(factor);
    return number.empty() ? name : kFactor + number;
  }
  std::string key;
  for (const char c : name) {
    if (c != ' ' && c != '-' && c != '_') {
      key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return key;
}

bool of_one_method(const TableRow& measured, const TableRow& quoted) {
  return std::any_of(quoted.names.begin(), quoted.names.end(),
                     [&](const std::string& name) { return same_method(measured.names.front(), name); });
}

void add_figures(PublishedComparison& comparison, const Table& table, const TableRow& measured,
                 const TableRow& quoted) {
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].ranked && !std::isnan(measured.cells[c].value) && !std::isnan(quoted.cells[c].value)) {
      comparison.figures.push_back(
          {measured.names.front(), table.columns[c], measured.cells[c], quoted.cells[c].value, quoted.source});
    }
  }
}

/// The rows that none of `others` is the same method as, by the names that they are shown by.
std::vector<std::string> alone(const std::vector<TableRow>& rows, const std::vector<TableRow>& others, bool measured) {
  std::vector<std::string> names;
  for (const TableRow& row : rows) {
    const bool matched = std::any_of(others.begin(), others.end(), [&](const TableRow& other) {
      return measured ? of_one_method(row, other) : of_one_method(other, row);
    });
    const std::string& name = measured ? row.names.front() : row.method;
    if (!matched && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace

bool same_method(const std::string& one, const std::string& other) { return method_key(one) == method_key(other); }

std::optional<bool> ComparedFigure::within() const {
  if (!measured.interval) {
    return std::nullopt;
  }
  const double half_a_digit = 0.5 * std::pow(10.0, -column.decimals);
  return published > measured.interval->low - half_a_digit && published < measured.interval->high + half_a_digit;
}

PublishedComparison compare_table(const Table& table, const Measurements& measurements) {
  PublishedComparison comparison{table.id, table.title, {}, table.sources, {}};
  for (const TableRow& measured : table.measured) {
    for (const TableRow& quoted : table.quoted) {
      if (of_one_method(measured, quoted)) {
        add_figures(comparison, table, measured, quoted);
      }
    }
  }
  if (const auto names = alone(table.measured, table.quoted, true); !names.empty()) {
    comparison.notes.push_back(
        fmt::format("measured, without a published row of that name: {}", fmt::join(names, ", ")));
  }
  if (const auto names = alone(table.quoted, table.measured, false); !names.empty()) {
    comparison.notes.push_back(fmt::format("published, not measured here: {}", fmt::join(names, ", ")));
  }
  comparison.notes.emplace_back("interval: 95 % bootstrap interval of the measured mean over images");
  for (std::string& note : protocol_notes(table, measurements)) {
    comparison.notes.push_back(std::move(note));
  }
  return comparison;
}

}  // namespace samsr
