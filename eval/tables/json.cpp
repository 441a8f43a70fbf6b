#include <cmath>
#include <nlohmann/json.hpp>

#include "core/json_entry.h"
#include "eval/tables/print.h"
#include "eval/tables/print_comparison.h"

namespace samsr {
namespace {

using Json = nlohmann::ordered_json;

/// null where there is no number.
Json number_or_null(double value) { return std::isnan(value) ? Json() : Json(value); }

Json interval_of(const std::optional<Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json();
}

Json column_of(const TableColumn& column) {
  return {{"benchmark", column.benchmark},
          {"metric", column.metric},
          {"label", column.full_name()},
          {"higher_is_better", column.ranked ? Json(column.higher_is_better) : Json()}};
}

Json row_of(const Table& table, const TableRow& row) {
  Json cells = Json::array();
  for (const TableCell& cell : row.cells) {
    cells.push_back({{"value", number_or_null(cell.value)}, {"interval", interval_of(cell.interval)}});
    if (std::isnan(cell.value) && !cell.text.empty()) {
      cells.back()["text"] = cell.text;
    }
  }
  return {{"method", row.method},
          {"source", row.source > 0 ? Json(table.sources[row.source - 1]) : Json()},
          {"cells", cells}};
}

}  // namespace

std::string tables_json(const std::vector<Table>& tables) {
  Json all = Json::array();
  for (const Table& table : tables) {
    Json columns = Json::array();
    for (const TableColumn& column : table.columns) {
      columns.push_back(column_of(column));
    }
    Json rows = Json::array();
    for (const auto* kind : {&table.measured, &table.quoted}) {
      for (const TableRow& row : *kind) {
        rows.push_back(row_of(table, row));
      }
    }
    all.push_back({{"title", table_heading(table)}, {"columns", columns}, {"rows", rows}, {"notes", table.notes}});
  }
  return json_text(all, 2) + "\n";
}

std::string comparisons_json(const std::vector<PublishedComparison>& comparisons) {
  Json all = Json::array();
  for (const PublishedComparison& comparison : comparisons) {
    Json figures = Json::array();
    for (const ComparedFigure& figure : comparison.figures) {
      const auto within = figure.within();
      figures.push_back({{"method", figure.method},
                         {"figure", figure.column.full_name()},
                         {"measured", number_or_null(figure.measured.value)},
                         {"interval", interval_of(figure.measured.interval)},
                         {"published", figure.published},
                         {"difference", figure.difference()},
                         {"within", within ? Json(*within) : Json()},
                         {"source", comparison.sources.at(figure.source - 1)}});
    }
    all.push_back({{"title", comparison_heading(comparison)}, {"figures", figures}, {"notes", comparison.notes}});
  }
  return json_text(all, 2) + "\n";
}

}  // namespace samsr
