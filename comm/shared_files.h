#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// How long a network file system may hide from a host what another one has written: NFS looks again after 60 seconds
/// at the latest (acdirmax).
inline constexpr std::chrono::seconds kMostLate{90};

/// Waits until every host sees the files `paths` as young as any other host does, since in a shared folder new files of
/// another host are seen late. A folder stands for itself and all files below it that are not hidden; what no host sees
/// is left out, and so is a folder of which a host has a copy of its own. A line tells what is waited for; after
/// kMostLate a UserError on all ranks names file and host. Collective: a barrier too, and no more on one host.
void await_shared_files(const std::vector<std::filesystem::path>& paths, Communicator& comm, Log& log);

}  // namespace samsr
