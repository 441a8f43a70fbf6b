#pragma once
// Tables in the languages that they are asked for. Rows measured here come first; quoted ones follow after a rule,
// marked † and with the number of their source. Best bold, second best underlined; ↑ and ↓ say what is better.

#include <string>
#include <vector>

#include "eval/tables/table.h"

namespace samsr {

std::string tables_markdown(const std::vector<Table>& tables);

/// Figures in full precision: method, measured or quoted, source, then of each column the figure and the ends of its
/// interval. Several tables are parted by an empty line, each under a line that begins with #.
std::string tables_csv(const std::vector<Table>& tables);

/// An array of tables: figures in full precision, null where there is none, each with the ends of its interval.
std::string tables_json(const std::vector<Table>& tables);

/// One `table` environment each; needs booktabs.
std::string tables_latex(const std::vector<Table>& tables);

/// A page that needs nothing beside it.
std::string tables_html(const std::vector<Table>& tables);

/// The page that has tables as its body, and what stands below one of them.
std::string html_page(const std::string& body);
std::string html_footnotes(const std::vector<std::string>& notes, const std::vector<std::string>& sources);

/// "Table 1: Real-world images".
std::string table_heading(const Table& table);

}  // namespace samsr
