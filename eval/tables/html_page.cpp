#include <fmt/format.h>

#include "eval/markup/html.h"
#include "eval/tables/print.h"

namespace samsr {
namespace {

constexpr const char* kTableStyle = R"css(
:root { color-scheme: light dark; --ink: #1c1e21; --faint: #5f6671; --paper: #fff; --line: #d8dce2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --faint: #9aa3ae; --paper: #16181b; --line: #353a41; } }
body { margin: 2rem auto; max-width: 1100px; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, sans-serif; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; border-block: 2px solid var(--ink); }
th, td { padding: .28rem .8rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
thead tr:first-child th { text-align: center; font-weight: 600; }
thead tr:first-child th:not(:empty) { border-bottom: 1px solid var(--line); }
tbody { border-top: 1px solid var(--ink); }
tbody.quoted { color: var(--faint); }
td small { color: var(--faint); display: block; font-size: .72rem; line-height: 1.1; }
ul, ol { color: var(--faint); font-size: .85rem; padding-left: 1.2rem; }
)css";

std::string html_marked(const std::string& figure, Rank rank) {
  return marked(figure, rank, {{"<strong>", "</strong>"}, {"<u>", "</u>"}});
}

std::string html_row(const Table& table, const TableRow& row) {
  std::string html = "<tr><td>" + escape_html(row.method);
  if (row.source > 0) {
    html += fmt::format(" <sup>†{}</sup>", row.source);
  }
  html += "</td>";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const TableCell& cell = row.cells[c];
    const std::string interval = cell_interval(table.columns[c], cell);
    html +=
        fmt::format("<td>{}{}{}</td>", html_marked(cell_figure(table.columns[c], cell), cell.rank),
                    cell.fewer_images ? "<sup>‡</sup>" : "", interval.empty() ? "" : "<small>" + interval + "</small>");
  }
  return html + "</tr>\n";
}

std::string html_rows(const Table& table, const std::vector<TableRow>& rows, const char* kind) {
  if (rows.empty()) {
    return {};
  }
  std::string html = fmt::format("<tbody class=\"{}\">\n", kind);
  for (const TableRow& row : rows) {
    html += html_row(table, row);
  }
  return html + "</tbody>\n";
}

std::string html_table(const Table& table) {
  std::string html = fmt::format("<h2>{}</h2>\n<div class=\"wide\"><table>\n<thead>\n<tr><th></th>",
                                 escape_html(table_heading(table)));
  for (const TableGroup& group : table_groups(table)) {
    html += fmt::format("<th colspan=\"{}\">{}</th>", group.count, escape_html(group.name));
  }
  html += fmt::format("</tr>\n<tr><th>{}</th>", escape_html(table.heading));
  for (const TableColumn& column : table.columns) {
    html += fmt::format("<th>{}{}</th>", escape_html(column.label), column.arrow());
  }
  html += "</tr>\n</thead>\n" + html_rows(table, table.measured, "measured") +
          html_rows(table, table.quoted, "quoted") + "</table></div>\n";
  return html + html_footnotes(table.notes, table.sources);
}

}  // namespace

std::string html_footnotes(const std::vector<std::string>& notes, const std::vector<std::string>& sources) {
  std::string html = "<ul>\n";
  for (const std::string& note : notes) {
    html += fmt::format("<li>{}</li>\n", escape_html(note));
  }
  html += "</ul>\n";
  if (!sources.empty()) {
    html += "<ol>\n";
    for (const std::string& source : sources) {
      html += fmt::format("<li>{}</li>\n", escape_html(source));
    }
    html += "</ol>\n";
  }
  return html;
}

std::string html_page(const std::string& body) {
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
             "content=\"width=device-width, initial-scale=1\">\n<title>Tables</title>\n<style>{}</style>\n</head>\n"
             "<body>\n",
             kTableStyle) +
         body + "</body>\n</html>\n";
}

std::string tables_html(const std::vector<Table>& tables) {
  std::string body;
  for (const Table& table : tables) {
    body += html_table(table);
  }
  return html_page(body);
}

}  // namespace samsr
