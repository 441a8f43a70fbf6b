#pragma once
// What tables look like and what is quoted in them: data, kept in eval/tables/published.yaml.

#include <string>
#include <vector>

namespace samsr {

/// Names of what a column shows that no metric measures.
inline constexpr const char* kSeconds = "seconds_per_image";
inline constexpr const char* kParameters = "parameters";
inline constexpr const char* kIterations = "iterations";
inline constexpr const char* kHours = "training_hours";
inline constexpr const char* kStepSeconds = "seconds_per_step";
inline constexpr const char* kDays = "training_days";
inline constexpr const char* kProcesses = "processes";
inline constexpr const char* kPower = "power";
inline constexpr const char* kKappa = "kappa";

/// One column. Its figures are means of a metric on a benchmark; or what a method costs: `seconds_per_image` on a
/// benchmark, `parameters` (millions), `iterations`, `training_hours`, `training_days`, `seconds_per_step`,
/// `processes`; or what it was trained with: `power`, the exponent p of the noise schedule, and `kappa`.
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
  /// "RealSR CLIPIQA".
  std::string full_name() const;
};

struct QuotedFigure {
  double value;      ///< NaN where the publication has none, or no single number
  std::string text;  ///< as printed where that is no plain number: "500k", "10-15k"
};

/// Figures that somebody has published.
struct QuotedRow {
  std::string method;                 ///< as printed
  std::vector<std::string> names;     ///< other names that results may have it under: "weights:both"
  std::string source;                 ///< publication and table
  std::vector<QuotedFigure> figures;  ///< one a column
};

struct TableLayout {
  std::string id;
  std::string title;
  std::string source;              ///< publication and table that it is laid out after; empty: samsr's own
  std::string heading = "method";  ///< of the first column
  std::string methods;             ///< only measured methods whose name begins so have a row; empty for all
  bool runs_only = false;          ///< only methods have a row whose training run is known
  std::vector<TableColumn> columns;
  std::vector<QuotedRow> quoted;
  std::string not_held;  ///< published figures that are not in the file; a line below the table says so
};

/// Layouts in the form of eval/tables/published.yaml; `source` stands for the text in messages. UserError with the line
/// of what is missing, unknown or of the wrong kind, of a row whose values do not fit the columns or that repeats
/// another's method and source, of an id used twice.
std::vector<TableLayout> read_layouts(const std::string& yaml, const std::string& source);

/// The shipped ones.
std::vector<TableLayout> shipped_layouts();

}  // namespace samsr
