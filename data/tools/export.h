#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/log.h"

namespace samsr {

struct ExportOptions {
  std::uint64_t first = 0;             ///< index of the first sample
  std::optional<std::uint64_t> count;  ///< all from `first` on when empty
};

/// Writes samples of a data set as PNG pairs for upscaling and evaluation: out/lq/sample-000042.png and
/// out/gt/sample-000042.png. They take the place of what an earlier export left there. UserError when the range lies
/// outside the data set, a sample is damaged, and as PairFolder.
void export_pairs(const std::filesystem::path& folder, const std::filesystem::path& out, const ExportOptions& options,
                  Log& log);

}  // namespace samsr
