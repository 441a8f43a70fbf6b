#pragma once

#include <filesystem>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// Checks a data set: the manifest, every shard it lists, shards it does not list, and the checksum of every
/// field of every sample. Without a manifest, which unfinished builds lack, the shards that are there are checked and
/// the missing manifest is a finding. Each finding is one line; at the end a UserError with their number when there
/// are any, else a line with what was checked. The ranks take the shards one by one. Collective.
void verify_dataset(const std::filesystem::path& folder, Communicator& comm, Log& log);

}  // namespace samsr
