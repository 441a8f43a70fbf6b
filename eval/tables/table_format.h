#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/tables/published_comparison.h"
#include "eval/tables/table.h"

namespace samsr {

/// A language that tables are printed in.
struct TableFormat {
  const char* name;
  const char* extension;  ///< of its files, with the dot
  std::string (*print)(const std::vector<Table>&);
  std::string (*print_comparisons)(const std::vector<PublishedComparison>&);
};

/// The format called `name`; without a name that of the extension of `out`; without that, Markdown. UserError with the
/// nearest name for another, and for a name of `out` that says another format.
const TableFormat& table_format(const std::string& name, const std::filesystem::path& out);

/// Writes `tables` in every format: FOLDER/NAME.md and the like; or comparisons: FOLDER/comparison.md.
void write_in_all_formats(const std::vector<Table>& tables, const std::string& name,
                          const std::filesystem::path& folder);
void write_in_all_formats(const std::vector<PublishedComparison>& comparisons, const std::filesystem::path& folder);

}  // namespace samsr
