#include "eval/tables/print_comparison.h"

#include <fmt/format.h>

#include <array>

#include "eval/markup/html.h"
#include "eval/markup/markup.h"
#include "eval/tables/print.h"

namespace samsr {
namespace {

constexpr std::array<const char*, 6> kHeadings = {"figure",    "measured",   "interval",
                                                  "published", "difference", "within"};

/// The cells behind the method's name.
std::array<std::string, 6> cells_of(const ComparedFigure& figure) {
  const int decimals = figure.column.decimals;
  const std::string interval = cell_interval(figure.column, figure.measured);
  const auto within = figure.within();
  return {figure.column.full_name() + figure.column.arrow(),
          cell_figure(figure.column, figure.measured),
          interval.empty() ? "-" : interval,
          fmt::format("{:.{}f}", figure.published, decimals),
          fmt::format("{:+.{}f}", figure.difference(), decimals),
          !within   ? "-"
          : *within ? "yes"
                    : "no"};
}

}  // namespace

std::string comparison_heading(const PublishedComparison& comparison) {
  return fmt::format("Table {}: {}, measured and published", comparison.id, comparison.title);
}

std::string comparisons_markdown(const std::vector<PublishedComparison>& comparisons) {
  std::string text;
  for (const PublishedComparison& comparison : comparisons) {
    text += fmt::format("{}### {}\n\n| method |", text.empty() ? "" : "\n", comparison_heading(comparison));
    for (const char* heading : kHeadings) {
      text += fmt::format(" {} |", heading);
    }
    text += "\n| --- | --- | ---: | ---: | ---: | ---: | --- |\n";
    for (const ComparedFigure& figure : comparison.figures) {
      text += fmt::format("| {} † [{}] |", markdown_cell(figure.method), figure.source);
      for (const std::string& cell : cells_of(figure)) {
        text += fmt::format(" {} |", markdown_cell(cell));
      }
      text += "\n";
    }
    text += "\n";
    for (const std::string& note : comparison.notes) {
      text += "- " + note + "\n";
    }
    for (std::size_t s = 0; s < comparison.sources.size(); ++s) {
      text += fmt::format("- [{}] {}\n", s + 1, comparison.sources[s]);
    }
  }
  return text;
}

std::string comparisons_csv(const std::vector<PublishedComparison>& comparisons) {
  std::string text = "table,method,figure,measured,low,high,published,difference,within,source\n";
  for (const PublishedComparison& comparison : comparisons) {
    for (const ComparedFigure& figure : comparison.figures) {
      const auto& interval = figure.measured.interval;
      const auto within = figure.within();
      text += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(comparison.id), csv_field(figure.method),
                          csv_field(figure.column.full_name()), figure.measured.value,
                          interval ? fmt::format("{},{}", interval->low, interval->high) : ",", figure.published,
                          figure.difference(),
                          !within   ? ""
                          : *within ? "yes"
                                    : "no",
                          csv_field(comparison.sources.at(figure.source - 1)));
    }
  }
  return text;
}

std::string comparisons_latex(const std::vector<PublishedComparison>& comparisons) {
  std::string text = "% needs \\usepackage{booktabs}\n";
  for (const PublishedComparison& comparison : comparisons) {
    text += fmt::format(
        "\n\\begin{{table*}}[t]\n  \\centering\n  \\caption{{{}.}}\n  \\label{{tab:samsr-{}-compared}}\n"
        "  \\begin{{tabular}}{{llrrrrl}}\n    \\toprule\n    Method",
        latex_text(comparison.title + ", measured and published"), comparison.id);
    for (const char* heading : kHeadings) {
      text += fmt::format(" & {}", heading);
    }
    text += " \\\\\n    \\midrule\n";
    for (const ComparedFigure& figure : comparison.figures) {
      text += fmt::format("    {}$^{{\\dagger {}}}$", latex_text(figure.method), figure.source);
      for (const std::string& cell : cells_of(figure)) {
        text += fmt::format(" & {}", latex_text(cell));
      }
      text += " \\\\\n";
    }
    text += "    \\bottomrule\n  \\end{tabular}\n";
    for (const std::string& note : comparison.notes) {
      text += fmt::format("  \\par{{\\footnotesize {}}}\n", latex_text(note));
    }
    for (std::size_t s = 0; s < comparison.sources.size(); ++s) {
      text += fmt::format("  \\par{{\\footnotesize $^{{{}}}$ {}}}\n", s + 1, latex_text(comparison.sources[s]));
    }
    text += "\\end{table*}\n";
  }
  return text;
}

std::string comparisons_html(const std::vector<PublishedComparison>& comparisons) {
  std::string body;
  for (const PublishedComparison& comparison : comparisons) {
    body += fmt::format("<h2>{}</h2>\n<div class=\"wide\"><table>\n<thead>\n<tr><th>method</th>",
                        escape_html(comparison_heading(comparison)));
    for (const char* heading : kHeadings) {
      body += fmt::format("<th>{}</th>", heading);
    }
    body += "</tr>\n</thead>\n<tbody>\n";
    for (const ComparedFigure& figure : comparison.figures) {
      body += fmt::format("<tr><td>{} <sup>†{}</sup></td>", escape_html(figure.method), figure.source);
      for (const std::string& cell : cells_of(figure)) {
        body += fmt::format("<td>{}</td>", escape_html(cell));
      }
      body += "</tr>\n";
    }
    body += "</tbody></table></div>\n" + html_footnotes(comparison.notes, comparison.sources);
  }
  return html_page(body);
}

}  // namespace samsr
