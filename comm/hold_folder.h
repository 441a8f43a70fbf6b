#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "comm/communicator.h"
#include "core/folder_lock.h"
#include "core/log.h"

namespace samsr {

/// Rank 0 holds the folder for all of them (FolderLock); null on the others. Its UserError is thrown on every rank.
/// Collective.
std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose,
                                        Communicator& comm, Log& log);

/// The same for what one process does by itself.
std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose, Log& log);

/// UserError on every rank when somebody holds the folder, for which rank 0 looks (core/folder_lock.h). Collective.
void check_not_held(const std::filesystem::path& folder, Communicator& comm);

/// FolderLock::check() of rank 0, thrown on every rank. Collective.
void check_hold(const FolderLock* held, Communicator& comm);

}  // namespace samsr
