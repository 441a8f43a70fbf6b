#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/images/codec.h"
#include "data/photographs/index.h"
#include "data/photographs/sources.h"

namespace samsr {

/// What is asked of photographs, in pixels of their shorter side.
struct PhotographSizes {
  int min_size = 1;   ///< smaller ones are left out
  int crop_size = 1;  ///< of the piece that is taken; smaller ones are counted
};

/// Lists and reads every image of `sources` once and writes what can be used to out/photographs.index, which stays
/// as it is when no file's path, size or time has changed since; archives are not opened then. The ranks share the
/// reading, a thousand files at a time; results wait in out/photographs.scan, so that an interrupted scan goes on where
/// it was. Memory grows with the number of pictures in one archive, not of files. Photographs that cannot be read
/// (within `limits`), or whose shorter side is below `sizes.min_size`, are left out, counted, and the first of them
/// named. The usable ones below `sizes.crop_size` are counted and named too. UserError when none of a source is left.
/// Collective.
std::unique_ptr<PhotographIndex> index_photographs(const PhotographSources& sources, const PhotographSizes& sizes,
                                                   const ImageLimits& limits, const std::filesystem::path& out,
                                                   Communicator& comm, Log& log);

/// out/photographs.index.
std::filesystem::path photograph_index_path(const std::filesystem::path& out);

/// out/photographs.scan: where what a scan has found waits until it is complete.
std::filesystem::path photograph_scan_path(const std::filesystem::path& out);

/// UserError when the photographs that the shards of `folder` were built from, as far as that is known, lie in `out` or
/// below it: pictures that are written there could replace them.
void check_beside_photographs(const std::filesystem::path& folder, const std::filesystem::path& out);

/// "12 photographs used, 1 grey; left out: 0 too small, 2 unreadable".
std::string describe(const PhotographSummary& summary);

}  // namespace samsr
