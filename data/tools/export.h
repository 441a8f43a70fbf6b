#pragma once

#include <filesystem>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/tools/sample_selection.h"

namespace samsr {

/// Writes samples of a data set as PNG pairs for upscaling and evaluation: out/lq/sample-000042.png and
/// out/gt/sample-000042.png. They take the place of what an earlier export left there. The ranks take the samples one
/// by one. UserError when the range lies outside the data set, a sample is damaged (the others are written), and as
/// PairFolder. Collective.
void export_pairs(const std::filesystem::path& folder, const std::filesystem::path& out, const SampleSelection& range,
                  Communicator& comm, Log& log);

}  // namespace samsr
