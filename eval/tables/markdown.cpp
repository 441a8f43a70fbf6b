#include <fmt/format.h>

#include "eval/markup/markup.h"
#include "eval/tables/print.h"

namespace samsr {
namespace {

std::string markdown_row(const Table& table, const TableRow& row) {
  std::string text = "| " + markdown_cell(row.method);
  if (row.source > 0) {
    text += fmt::format(" † [{}]", row.source);
  }
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const TableCell& cell = row.cells[c];
    const std::string interval = cell_interval(table.columns[c], cell);
    text += fmt::format(" | {}{}{}", markdown_marked(cell_figure(table.columns[c], cell), cell.rank),
                        cell.fewer_images ? " ‡" : "", interval.empty() ? "" : " " + interval);
  }
  return text + " |\n";
}

std::string markdown_rows(const Table& table) {
  std::string text;
  for (const TableRow& row : table.measured) {
    text += markdown_row(table, row);
  }
  if (!table.measured.empty() && !table.quoted.empty()) {
    // Markdown has no rules inside a table; a row of its own parts the quoted ones.
    text += "| *quoted* |";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      text += " |";
    }
    text += "\n";
  }
  for (const TableRow& row : table.quoted) {
    text += markdown_row(table, row);
  }
  return text;
}

}  // namespace

std::string table_heading(const Table& table) {
  return table.id.empty() ? table.title : fmt::format("Table {}: {}", table.id, table.title);
}

std::string tables_markdown(const std::vector<Table>& tables) {
  std::string text;
  for (const Table& table : tables) {
    text +=
        fmt::format("{}### {}\n\n| {} |", text.empty() ? "" : "\n", table_heading(table), markdown_cell(table.heading));
    std::string rule = "\n| --- |";
    for (const TableColumn& column : table.columns) {
      text += fmt::format(" {} {}{} |", markdown_cell(column.group), markdown_cell(column.label), column.arrow());
      rule += " ---: |";
    }
    text += rule + "\n" + markdown_rows(table) + "\n";
    for (const std::string& note : table.notes) {
      text += "- " + note + "\n";
    }
    for (std::size_t s = 0; s < table.sources.size(); ++s) {
      text += fmt::format("- [{}] {}\n", s + 1, table.sources[s]);
    }
  }
  return text;
}

}  // namespace samsr
