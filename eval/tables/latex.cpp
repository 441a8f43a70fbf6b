#include <fmt/format.h>

#include "eval/markup/markup.h"
#include "eval/tables/print.h"

namespace samsr {
namespace {

constexpr std::size_t kNarrowColumns = 4;

std::string latex_marked(const std::string& figure, Rank rank) {
  return marked(figure, rank, {{"\\textbf{", "}"}, {"\\underline{", "}"}});
}

/// A row of figures, and below it a row of their intervals: beside the figures they would make the table too wide.
std::string latex_row(const Table& table, const TableRow& row) {
  std::string figures = "    " + latex_text(row.method);
  if (row.source > 0) {
    figures += fmt::format("$^{{\\dagger {}}}$", row.source);
  }
  std::string intervals = "   ";
  bool any = false;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const TableCell& cell = row.cells[c];
    const std::string interval = cell_interval(table.columns[c], cell);
    figures += fmt::format(" & {}{}", latex_marked(cell_figure(table.columns[c], cell), cell.rank),
                           cell.fewer_images ? "$^\\ddagger$" : "");
    intervals += interval.empty() ? " &" : fmt::format(" & {{\\scriptsize {}}}", interval);
    any = any || !interval.empty();
  }
  return figures + (any ? " \\\\[-3pt]\n" + intervals : "") + " \\\\\n";
}

std::string latex_head(const Table& table) {
  std::string first = "    ";
  std::string rules = "    ";
  for (const TableGroup& group : table_groups(table)) {
    first += fmt::format(" & \\multicolumn{{{}}}{{c}}{{{}}}", group.count, latex_text(group.name));
    rules += fmt::format("\\cmidrule(lr){{{}-{}}}", group.first + 2, group.first + 1 + group.count);
  }
  std::string second = fmt::format("    {}", latex_text(table.heading == "method" ? "Method" : table.heading));
  for (const TableColumn& column : table.columns) {
    second += fmt::format(" & {}", latex_text(column.label + column.arrow()));
  }
  return first + " \\\\\n" + rules + "\n" + second + " \\\\\n";
}

}  // namespace

std::string tables_latex(const std::vector<Table>& tables) {
  std::string text = "% needs \\usepackage{booktabs}\n";
  for (const Table& table : tables) {
    // Wide tables span both columns of a page, which they fit only in a smaller type.
    const bool wide = table.columns.size() > kNarrowColumns;
    const char* const environment = wide ? "table*" : "table";
    text += fmt::format("\n\\begin{{{}}}[t]\n  \\centering\n  \\caption{{{}. Best bold, second best underlined.}}\n",
                        environment, latex_text(table.title));
    if (!table.id.empty()) {
      text += fmt::format("  \\label{{tab:samsr-{}}}\n", table.id);
    }
    text += wide ? "  \\small\\setlength{\\tabcolsep}{4pt}\n" : "";
    text += fmt::format("  \\begin{{tabular}}{{l{}}}\n    \\toprule\n", std::string(table.columns.size(), 'r'));
    text += latex_head(table) + "    \\midrule\n";
    for (const TableRow& row : table.measured) {
      text += latex_row(table, row);
    }
    if (!table.measured.empty() && !table.quoted.empty()) {
      text += "    \\midrule\n";
    }
    for (const TableRow& row : table.quoted) {
      text += latex_row(table, row);
    }
    text += "    \\bottomrule\n  \\end{tabular}\n";
    for (const std::string& note : table.notes) {
      text += fmt::format("  \\par{{\\footnotesize {}}}\n", latex_text(note));
    }
    for (std::size_t s = 0; s < table.sources.size(); ++s) {
      text += fmt::format("  \\par{{\\footnotesize $^{{{}}}$ {}}}\n", s + 1, latex_text(table.sources[s]));
    }
    text += fmt::format("\\end{{{}}}\n", environment);
  }
  return text;
}

}  // namespace samsr
