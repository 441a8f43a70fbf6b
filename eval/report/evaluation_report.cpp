#include "eval/report/evaluation_report.h"

#include "core/atomic_file.h"
#include "eval/report/report.h"
#include "eval/tables/print.h"
#include "eval/tables/table.h"

namespace samsr {
namespace {

ReportInput report_of(const std::vector<EvaluatedSet>& sets, const EvaluationNotes& notes) {
  ReportInput report;
  report.title = notes.title;
  for (const EvaluatedSet& set : sets) {
    report.tables.push_back({set.results.title, set.results, set.rows});
    report.summary += fmt::format("{}{}: {} images", report.summary.empty() ? "" : "; ", set.results.title,
                                  set.results.methods.empty() ? 0 : set.results.methods.front().images.size());
  }
  report.summary += ".";
  report.curves = notes.curves;
  report.notes = {{"Command", notes.command}, {"Settings", notes.settings}};
  return report;
}

}  // namespace

std::string report_evaluation(const std::vector<EvaluatedSet>& sets, bool several, const EvaluationNotes& notes,
                              const std::filesystem::path& out) {
  write_report(report_of(sets, notes), out / "report.html");
  if (!several) {
    return markdown_table(sets.front().results);
  }
  Measurements measurements;
  for (const EvaluatedSet& set : sets) {
    measurements.results.push_back(set.results);
  }
  const std::string table = tables_markdown({fill_table(layout_of_everything(measurements), measurements)});
  write_file_atomically(out / "results.md", table);
  return table;
}

}  // namespace samsr
