#pragma once
// A table as it is shown: what was measured, what is quoted, what is said below. The formats print it.

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "eval/markup/ranking.h"
#include "eval/measure/bootstrap.h"
#include "eval/measure/results.h"
#include "eval/tables/layout.h"
#include "eval/tables/training_cost.h"

namespace samsr {

struct TableCell {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< NaN: nothing to show
  std::optional<Interval> interval;
  bool fewer_images = false;  ///< mean over fewer images than the rest of its column
  Rank rank = Rank::kNone;
};

struct TableRow {
  std::string method;
  std::size_t source = 0;  ///< number of the footnote with the publication, from 1; 0 for measured rows
  std::vector<TableCell> cells;
};

struct Table {
  std::string id;
  std::string title;
  std::vector<TableColumn> columns;
  std::vector<TableRow> measured;
  std::vector<TableRow> quoted;
  std::vector<std::string> sources;  ///< the footnotes
  std::vector<std::string> notes;    ///< lines below the table
};

/// What there is to tabulate.
struct Measurements {
  std::vector<Results> results;  ///< one a benchmark, from merge_results
  std::vector<TrainingCost> training;
};

/// `layout` filled in. A method has a row when it has a figure in one of the columns. Best and second best are marked
/// over measured and quoted rows together; the notes say what is missing, how many images a mean is over, and by which
/// protocol it was measured.
Table fill_table(const TableLayout& layout, const Measurements& measurements);

/// A table of all that was measured, one column a metric and benchmark.
TableLayout layout_of_everything(const Measurements& measurements);

/// "RealSR CLIPIQA", "RealSR MUSIQ" of the columns in which no method was measured.
std::vector<std::string> unmeasured_columns(const Table& table);

/// A figure as the column shows it; "-" for NaN.
std::string cell_figure(const TableColumn& column, const TableCell& cell);
/// "[0.61, 0.64]", or nothing.
std::string cell_interval(const TableColumn& column, const TableCell& cell);

/// Neighbouring columns under one heading.
struct TableGroup {
  std::string name;
  std::size_t first;
  std::size_t count;
};
std::vector<TableGroup> table_groups(const Table& table);

}  // namespace samsr
