#include "comm/hold_folder.h"

#include "comm/work_through.h"
#include "core/error.h"

namespace samsr {

std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose,
                                        Communicator& comm, Log& log) {
  std::unique_ptr<FolderLock> held;
  std::string error;
  if (comm.rank() == 0) {
    try {
      held = hold_folder(folder, purpose, log);
    } catch (const UserError& mistake) {
      error = mistake.what();
    }
  }
  throw_first_error(error, comm);
  return held;
}

std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose, Log& log) {
  return std::make_unique<FolderLock>(folder, purpose, [&](const std::string& text) { log.info("{}", text); });
}

void check_hold(const FolderLock* held, Communicator& comm) {
  std::string error;
  if (held != nullptr) {
    try {
      held->check();
    } catch (const UserError& mistake) {
      error = mistake.what();
    }
  }
  throw_first_error(error, comm);
}

}  // namespace samsr
