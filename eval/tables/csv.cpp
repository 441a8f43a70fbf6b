#include <fmt/format.h>

#include <cmath>

#include "eval/markup/markup.h"
#include "eval/tables/print.h"

namespace samsr {
namespace {

std::string csv_row(const Table& table, const TableRow& row) {
  const bool quoted = row.source > 0;
  std::string text = fmt::format("{},{},{}", csv_field(row.method), quoted ? "quoted" : "measured",
                                 quoted ? csv_field(table.sources[row.source - 1]) : "");
  for (const TableCell& cell : row.cells) {
    text += std::isnan(cell.value) ? fmt::format(",{}", csv_field(cell.text)) : fmt::format(",{}", cell.value);
    text += cell.interval ? fmt::format(",{},{}", cell.interval->low, cell.interval->high) : ",,";
  }
  return text + "\n";
}

}  // namespace

std::string tables_csv(const std::vector<Table>& tables) {
  std::string text;
  for (const Table& table : tables) {
    if (tables.size() > 1) {
      text += fmt::format("{}# {}\n", text.empty() ? "" : "\n", table_heading(table));
    }
    text += csv_field(table.heading) + ",kind,source";
    for (const TableColumn& column : table.columns) {
      const std::string name = column.full_name();
      text += fmt::format(",{},{},{}", csv_field(name), csv_field(name + " low"), csv_field(name + " high"));
    }
    text += "\n";
    for (const auto* rows : {&table.measured, &table.quoted}) {
      for (const TableRow& row : *rows) {
        text += csv_row(table, row);
      }
    }
  }
  return text;
}

}  // namespace samsr
