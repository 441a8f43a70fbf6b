#pragma once
// One writer a folder: whoever writes several files into one holds it, so that two runs never mix theirs.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace samsr {

/// Holds a folder from construction to destruction by the file .samsr-lock in it, which names host, boot, process, its
/// start and what it does. Only processes that take the lock are kept out.
///
/// A lock is stale, and taken over, when its process has ended: at once on the same host (the file is flocked, and the
/// process is looked for by number and start). Of another host it is known by silence: the holder touches the file
/// every 5 seconds; after 60 without, by the clock of the file system itself or by that of whoever waits, the host is
/// taken for lost.
class FolderLock {
 public:
  static constexpr std::chrono::seconds kSilence{60};
  /// Within which a holder that lives gives a sign of life.
  static constexpr std::chrono::milliseconds kPatience{7500};

  /// Waits for nothing when the holder is known to live; else until it is seen to live or to be silent, a minute at
  /// most, which it says once through `say`. Makes the folder and its parents; those that are empty at the end are
  /// removed again. `purpose`: "train", "data build". UserError naming host, process and time of whoever holds the
  /// folder, or why it cannot be written. `silence`: after which the holder on another host is taken for lost.
  FolderLock(std::filesystem::path folder, std::string_view purpose, const std::function<void(const std::string&)>& say,
             std::chrono::seconds silence = kSilence);
  /// Gives the folder back.
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// UserError when another run has taken the folder over, because this one was silent for too long (a suspended
  /// host, a file system that hung): what it would write now would mix with the other's.
  void check() const;

 private:
  void acquire(const std::string& text, const std::function<void(const std::string&)>& say,
               std::chrono::seconds silence);
  bool create(const std::string& text);
  void remove_made_folders() const;
  void beat();
  bool is_mine() const;

  const std::filesystem::path folder_;
  const std::filesystem::path file_;
  std::vector<std::filesystem::path> made_;  ///< folders that were not there, the innermost last
  int descriptor_ = -1;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread heart_;
};

/// Who holds a folder.
struct FolderHolder {
  std::string host;
  std::string purpose;
  std::string since;  ///< date and time there
  std::uint64_t process = 0;
  double silent_seconds = 0;  ///< since the last sign of life
  double clock_ahead = 0;     ///< seconds of this host's clock before the file system's, where they are far apart
};

/// Looks who holds `folder`, and takes and writes nothing; none when nobody does. A holder on another host does while
/// its last sign of life is younger than FolderLock::kSilence. Where it is not, by the clock of this host, the next one
/// is waited for, as `patience` says: clocks may be apart. UserError when the lock cannot be read.
std::optional<FolderHolder> folder_holder(const std::filesystem::path& folder,
                                          std::chrono::milliseconds patience = FolderLock::kPatience);

/// UserError as FolderLock's when folder_holder() finds somebody.
void check_not_held(const std::filesystem::path& folder, std::chrono::milliseconds patience = FolderLock::kPatience);

/// Name of the file by which a folder is held.
inline constexpr const char* kFolderLockFile = ".samsr-lock";

}  // namespace samsr
