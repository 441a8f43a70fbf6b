#pragma once

#include <filesystem>
#include <iosfwd>

namespace samsr {

struct InspectOptions {
  int count = 8;                ///< rows of the contact sheet
  bool config = false;          ///< print the configuration the shards carry
  std::filesystem::path sheet;  ///< PNG to write; empty for none
};

/// Prints what a shard, or a folder of them, holds: attributes; each dataset with type, shape, size and range
/// of values; how often each level of coverage occurs; where one sample comes from and what was drawn for it.
/// Values are those of one shard. With options.sheet, writes a contact sheet too (see draw_sheet). UserError
/// when the path is missing or damaged, or nothing of the sort.
void inspect(const std::filesystem::path& path, const InspectOptions& options, std::ostream& out);

}  // namespace samsr
