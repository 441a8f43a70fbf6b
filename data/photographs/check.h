#pragma once

#include <filesystem>
#include <ostream>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

struct CheckOptions {
  int gt_size = 256;              ///< photographs with a shorter side are too small, pixels
  std::filesystem::path out{};    ///< JSON file that names every file left out and every duplicate; empty for none
  std::filesystem::path sheet{};  ///< contact sheet, PNG; empty for none
  int sheet_count = 30;           ///< pictures on it, spread evenly over the readable ones
};

/// Reads every image of `folder`, a source as data.images takes (PhotographSource), and says on rank 0, to `out`, what
/// is there: formats, sizes, what has to be converted, duplicates by content, and how many can be used for
/// data.gt_size. The ranks share the files; each has the list of them, and rank 0 what was found, some 100 bytes a file
/// together. UserError naming the first three of them when none can be used. Collective.
void check_photographs(const std::filesystem::path& folder, const CheckOptions& options, Communicator& comm, Log& log,
                       std::ostream& out);

}  // namespace samsr
