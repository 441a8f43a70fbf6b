#include "eval/tables/table_format.h"

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/nearest_name.h"
#include "core/output.h"
#include "eval/tables/print.h"
#include "eval/tables/print_comparison.h"

namespace samsr {
namespace {

constexpr TableFormat kTableFormats[] = {{"markdown", ".md", tables_markdown, comparisons_markdown},
                                         {"csv", ".csv", tables_csv, comparisons_csv},
                                         {"json", ".json", tables_json, comparisons_json},
                                         {"latex", ".tex", tables_latex, comparisons_latex},
                                         {"html", ".html", tables_html, comparisons_html}};

}  // namespace

const TableFormat& table_format(const std::string& name, const std::filesystem::path& out) {
  std::vector<std::string> names{"all"};
  const std::string extension = extension_of(out);
  for (const TableFormat& format : kTableFormats) {
    names.emplace_back(format.name);
    if (name == format.name) {
      check_extension(out, {format.extension, ".txt"}, format.name);
      return format;
    }
    if (name.empty() && extension == format.extension) {
      return format;
    }
  }
  if (name.empty()) {
    check_extension(out, {".md", ".csv", ".json", ".tex", ".html"}, "a table");
    return kTableFormats[0];
  }
  const std::string near = nearest_name(name, names);
  throw UserError("--format {}: expected markdown, csv, json, latex, html or all{}", name,
                  near.empty() ? "" : "; did you mean '" + near + "'?");
}

void write_in_all_formats(const std::vector<Table>& tables, const std::string& name,
                          const std::filesystem::path& folder) {
  make_folder(folder);
  for (const TableFormat& format : kTableFormats) {
    write_file_atomically(folder / (name + format.extension), format.print(tables));
  }
}

void write_in_all_formats(const std::vector<PublishedComparison>& comparisons, const std::filesystem::path& folder) {
  make_folder(folder);
  for (const TableFormat& format : kTableFormats) {
    write_file_atomically(folder / (std::string("comparison") + format.extension),
                          format.print_comparisons(comparisons));
  }
}

}  // namespace samsr
