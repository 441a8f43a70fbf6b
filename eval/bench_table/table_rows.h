#pragma once
// Rows of the papers' tables and the published files of weights that they are measured with.

#include <cstdint>
#include <string>
#include <vector>

#include "eval/tables/layout.h"
#include "models/weights/official_files.h"

namespace samsr {

/// The layouts of `ids` ("1,2"), each once. UserError for an id of no table, and of one whose figures are not all means
/// of metrics over benchmarks, of methods of any name.
std::vector<TableLayout> measurable_layouts(const std::string& ids);

/// The file of `files` whose OfficialFile::row ("SinSR-1 (Table 2)", "LDM-15, LDM-30") is the row called `method` of
/// the table `table`; null when there is none.
const OfficialFile* file_of_row(const std::vector<OfficialFile>& files, const std::string& method,
                                const std::string& table);

/// The sampling steps that the tables write behind a method's name: 15 of "LDM-15"; 0 of names without any.
std::int64_t steps_in_name(const std::string& method);

}  // namespace samsr
