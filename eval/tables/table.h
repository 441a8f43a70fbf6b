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
#include "eval/tables/trained_run.h"

namespace samsr {

struct TableCell {
  double value = std::numeric_limits<double>::quiet_NaN();  ///< NaN: no number
  std::string text = {};                                    ///< shown in place of the number: "10-15k"
  std::optional<Interval> interval;
  bool fewer_images = false;  ///< mean over fewer images than the rest of its column
  Rank rank = Rank::kNone;
};

struct TableRow {
  std::string method;              ///< as shown
  std::vector<std::string> names;  ///< the method's name in results, or the names that it may have there
  std::size_t source = 0;          ///< number of the footnote with the publication, from 1; 0 for measured rows
  std::vector<TableCell> cells;
};

struct Table {
  std::string id;
  std::string title;
  std::string heading;  ///< of the first column
  std::vector<TableColumn> columns;
  std::vector<TableRow> measured;
  std::vector<TableRow> quoted;
  std::vector<std::string> sources;  ///< the footnotes
  std::vector<std::string> notes;    ///< lines below the table
};

/// What there is to tabulate.
struct Measurements {
  std::vector<Results> results;  ///< one a benchmark, from merge_results
  std::vector<TrainedRun> runs;
};

/// `layout` filled in. A method has a row when it has a figure in one of the columns; what it was trained with is none.
/// Best and second best are marked over measured and quoted rows together; the notes say what is missing, how many
/// images a mean is over, and by which protocol it was measured.
Table fill_table(const TableLayout& layout, const Measurements& measurements);

/// What the publication that `layout` is laid out after has printed: its rows, without those of others.
Table published_table(const TableLayout& layout);

/// A table of all that was measured, one column a metric and benchmark.
TableLayout layout_of_everything(const Measurements& measurements);

/// "RealSR CLIPIQA", "RealSR MUSIQ" of the columns in which no method was measured; what was trained with is left out.
std::vector<std::string> unmeasured_columns(const Table& table);

/// One line a benchmark: how many images, and by which protocol each metric that the columns of `table` show was
/// measured.
std::vector<std::string> protocol_notes(const Table& table, const Measurements& measurements);

/// A figure as the column shows it; "-" where there is none.
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
