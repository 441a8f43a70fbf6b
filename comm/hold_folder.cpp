#include "comm/hold_folder.h"

#include <functional>

#include "comm/work_through.h"
#include "core/error.h"

namespace samsr {
namespace {

/// Its UserError is thrown on every rank.
void on_rank_zero(const std::function<void()>& action, Communicator& comm) {
  std::string error;
  if (comm.rank() == 0) {
    try {
      action();
    } catch (const UserError& mistake) {
      error = mistake.what();
    }
  }
  throw_first_error(error, comm);
}

}  // namespace

std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose,
                                        Communicator& comm, Log& log) {
  std::unique_ptr<FolderLock> held;
  on_rank_zero([&] { held = hold_folder(folder, purpose, log); }, comm);
  return held;
}

std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose, Log& log) {
  return std::make_unique<FolderLock>(folder, purpose, [&](const std::string& text) { log.info("{}", text); });
}

void check_hold(const FolderLock* held, Communicator& comm) {
  on_rank_zero(
      [&] {
        if (held != nullptr) {
          held->check();
        }
      },
      comm);
}

void check_not_held(const std::filesystem::path& folder, Communicator& comm) {
  on_rank_zero([&] { check_not_held(folder); }, comm);
}

}  // namespace samsr
