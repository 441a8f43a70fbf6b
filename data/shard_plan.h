#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/settings.h"
#include "data/shards/manifest.h"

namespace samsr {

/// One shard of the data set to be.
struct PlannedShard {
  std::filesystem::path path;
  std::uint64_t first_index = 0;
  std::uint64_t samples = 0;
  std::optional<ManifestEntry> complete;  ///< set when it is there already
};

/// The shards of the data set, and which of them earlier runs have completed. `content`: ShardHeader::content
/// of this run. A damaged shard is to be made again, with one line that says so; so is the last of a data set
/// that grows. UserError when data.out holds shards of another content or more shards than planned.
/// Collective; the ranks share the looking.
std::vector<PlannedShard> plan_shards(const DataSettings& settings, const std::string& content, Communicator& comm,
                                      Log& log);

/// The first line of `ours` and `theirs` ("key: value" lines) that differs, as "key is 1 there and 2 now".
std::string first_difference(const std::string& theirs, const std::string& ours);

}  // namespace samsr
