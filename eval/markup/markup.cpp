#include "eval/markup/markup.h"

#include <array>
#include <string_view>
#include <utility>

#include "core/json_entry.h"

namespace samsr {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kLatex{{
    {"\\", "\\textbackslash{}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"η", "$\\eta$"},
    {"κ", "$\\kappa$"},
    {"λ", "$\\lambda$"},
    {"×", "$\\times$"},
    {"·", "$\\cdot$"},
    {"†", "$^\\dagger$"},
    {"‡", "$^\\ddagger$"},
    {"↑", "$\\uparrow$"},
    {"↓", "$\\downarrow$"},
    {"[", "{[}"},
    {"]", "{]}"},  // a row that begins with [ would be an option of the \\ before
}};

}  // namespace

std::string markdown_cell(std::string text) {
  text = shown_text(text);
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.replace(at, 1, "\\|");
  }
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
    text[at] = ' ';
  }
  return text;
}

std::string markdown_marked(const std::string& figure, Rank rank) {
  return marked(figure, rank, {{"**", "**"}, {"<ins>", "</ins>"}});
}

std::string csv_field(const std::string& name) {
  const std::string text = shown_text(name);
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  }
  return quoted + "\"";
}

std::string latex_text(const std::string& name) {
  const std::string text = shown_text(name);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t used = 0;
    for (const auto& [from, to] : kLatex) {
      if (text.compare(at, from.size(), from) == 0) {
        out += to;
        used = from.size();
        break;
      }
    }
    if (used == 0) {
      out += text[at];
      used = 1;
    }
    at += used;
  }
  return out;
}

}  // namespace samsr
