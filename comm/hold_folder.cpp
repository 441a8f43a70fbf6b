#include "comm/hold_folder.h"

#include "comm/work_through.h"

namespace samsr {

std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose,
                                        Communicator& comm, Log& log) {
  std::unique_ptr<FolderLock> held;
  on_first_rank([&] { held = hold_folder(folder, purpose, log); }, comm);
  return held;
}

std::unique_ptr<FolderLock> hold_folder(const std::filesystem::path& folder, std::string_view purpose, Log& log) {
  return std::make_unique<FolderLock>(folder, purpose, [&](const std::string& text) { log.info("{}", text); });
}

void check_hold(const FolderLock* held, Communicator& comm) {
  on_first_rank(
      [&] {
        if (held != nullptr) {
          held->check();
        }
      },
      comm);
}

void check_not_held(const std::filesystem::path& folder, Communicator& comm) {
  on_first_rank([&] { check_not_held(folder); }, comm);
}

}  // namespace samsr
