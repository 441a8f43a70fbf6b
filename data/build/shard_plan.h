#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/build/settings.h"
#include "data/build/stage_plan.h"
#include "data/shards/manifest.h"

namespace samsr {

/// One shard of the data set to be.
struct PlannedShard {
  std::filesystem::path path;
  std::uint64_t first_index = 0;
  std::uint64_t samples = 0;
  bool usable = false;                      ///< a sound shard of these samples is there, perhaps without all stages
  std::optional<ManifestEntry> complete{};  ///< set when it has all stages asked for
  std::string content{};                    ///< CRC-32C of its attribute `content`, when it is complete
};

/// Eight hex digits of the CRC-32C.
std::string checksum_of_text(const std::string& text);

/// The shards of the data set, and how far earlier runs have come with each. A damaged shard is to be made again,
/// with one line that says so; so is the last of a data set that grows. UserError when data.out holds a shard that
/// does not fit the stages asked for (see plan_stages), more shards than planned, or a file of somebody else's under
/// the name of one. Collective; the ranks share the looking.
std::vector<PlannedShard> plan_shards(const DataSettings& settings, const StageList& stages, Communicator& comm,
                                      Log& log);

}  // namespace samsr
