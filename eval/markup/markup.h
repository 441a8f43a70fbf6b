#pragma once
// Text and figures inside the languages that tables are written in.

#include <string>

#include "eval/markup/ranking.h"

namespace samsr {

/// Text inside a Markdown table's cell.
std::string markdown_cell(std::string text);
/// A figure with the mark of its rank: best bold, second best underlined.
std::string markdown_marked(const std::string& figure, Rank rank);

/// A CSV field, quoted where it must be (RFC 4180).
std::string csv_field(const std::string& text);

/// UTF-8 text for LaTeX: its special characters escaped, Greek letters and the signs of tables as commands.
std::string latex_text(const std::string& text);

}  // namespace samsr
