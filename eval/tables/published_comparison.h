#pragma once
// Measured figures beside the published ones of the same methods.

#include <optional>
#include <string>
#include <vector>

#include "eval/tables/table.h"

namespace samsr {

/// One figure that was measured and is published.
struct ComparedFigure {
  std::string method;  ///< as measured
  TableColumn column;
  TableCell measured;
  double published = 0;
  std::size_t source = 0;  ///< number of the footnote with the publication, from 1

  /// Measured less published.
  double difference() const { return measured.value - published; }
  /// Whether the interval of the measured mean holds the published figure, to the digits that are printed of it; none
  /// where there is no interval.
  std::optional<bool> within() const;
};

struct PublishedComparison {
  std::string id;
  std::string title;
  std::vector<ComparedFigure> figures;
  std::vector<std::string> sources;  ///< the footnotes
  std::vector<std::string> notes;    ///< lines below the table
};

/// Compares the measured rows of `table` with its quoted rows of the same methods, in all columns that are ranked. The
/// notes say which methods stand alone on either side, and by which protocol was measured.
PublishedComparison compare_table(const Table& table, const Measurements& measurements);

/// Whether two names are one method's: without regard to capitals, blanks, hyphens and underscores; behind "m:" as
/// numbers, fractions among them, to three decimals ("m:0.167", "m:1/6").
bool same_method(const std::string& one, const std::string& other);

}  // namespace samsr
