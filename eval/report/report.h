#pragma once
// report.html: one file that holds everything - tables, pictures, curves - and needs no network.

#include <filesystem>
#include <string>
#include <vector>

#include "data/images/picture_row.h"
#include "eval/measure/picture_rows.h"
#include "eval/measure/results.h"
#include "eval/report/loss_curves.h"

namespace samsr {

/// What was measured on one set of images: a section of the page.
struct ResultTable {
  std::string heading;
  Results results;
  std::vector<PictureRow> rows = {};  ///< named like images of `results`
};

/// A run's settings, a command: shown as it is, folded.
struct ReportNote {
  std::string heading;
  std::string text;
};

struct ReportInput {
  std::string title;
  std::string summary;  ///< a sentence or two below the title
  std::vector<ResultTable> tables;
  std::vector<LossCurve> curves;  ///< one chart a run
  std::vector<ReportNote> notes;
};

/// The page. Text is escaped. A section has the means of each method with its interval and colour shift; pictures, with
/// a lens that shows the same place of all pictures of a row enlarged, led by pointer, finger or arrow keys; and the
/// figures of every image. Both tables are sorted by a click on a heading. One panel chooses for all sections which
/// methods and columns are shown, and puts thumbnails of the pictures into the tables; marks are of what is shown.
std::string report_html(const ReportInput& input);

/// Writes the page, complete or not at all.
void write_report(const ReportInput& input, const std::filesystem::path& file);

}  // namespace samsr
