#pragma once

#include <cstdint>
#include <filesystem>

#include "core/log.h"
#include "data/photographs/sources.h"

namespace samsr {

/// Makes pair `index` of a data set again, from the settings in its shard and the photograph its record names, and
/// writes it as PNG: out/lq/sample-000042.png and out/gt/sample-000042.png. `images`: the sources of photographs, as
/// many as the build had; none for those that it had. UserError when the index lies outside, the photograph is missing,
/// or what comes out is not bytewise what is stored (the pictures are written all the same).
void regenerate_pair(const std::filesystem::path& folder, std::uint64_t index, const std::filesystem::path& out,
                     const PhotographSources& images, Log& log);

}  // namespace samsr
