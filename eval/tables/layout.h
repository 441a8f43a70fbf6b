#pragma once
// What tables look like and what is quoted in them: data, kept in eval/tables/published.yaml.

#include <string>
#include <vector>

namespace samsr {

/// One column. Its figures are means of a metric on a benchmark, or what a method costs: `seconds_per_image` on a
/// benchmark, `parameters` (millions), `training_hours`, `processes`.
struct TableColumn {
  std::string benchmark;  ///< machine name; empty where it does not matter
  std::string group;      ///< heading above neighbouring columns
  std::string metric;
  std::string label;
  bool higher_is_better = true;
  int decimals = 2;
  bool ranked = true;  ///< false: neither direction nor best is marked, as of times on different machines

  /// " ↑", " ↓", or nothing.
  std::string arrow() const;
};

/// Figures that somebody has published.
struct QuotedRow {
  std::string method;
  std::string source;          ///< publication and table
  std::vector<double> values;  ///< one a column; NaN where the publication has none
};

struct TableLayout {
  std::string id;
  std::string title;
  std::string methods;  ///< only measured methods whose name begins so have a row; empty for all
  std::vector<TableColumn> columns;
  std::vector<QuotedRow> quoted;
  std::string not_held;  ///< published figures that are not in the file; a line below the table says so
};

/// Layouts in the form of eval/tables/published.yaml; `source` stands for the text in messages. UserError with the line
/// of what is missing, unknown or of the wrong kind, of a row whose values do not fit the columns, of an id used twice.
std::vector<TableLayout> read_layouts(const std::string& yaml, const std::string& source);

/// The shipped ones.
std::vector<TableLayout> shipped_layouts();

}  // namespace samsr
