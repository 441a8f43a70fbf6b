#include "core/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/host.h"
#include "core/nested_paths.h"
#include "core/running_process.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::seconds kBeat{5};
constexpr std::chrono::milliseconds kLook{250};
constexpr int kLooksAtFlocked = 3;

/// Closes a descriptor, and with it gives back what it has flocked.
class OpenLock {
 public:
  explicit OpenLock(int descriptor) : descriptor_(descriptor) {}
  ~OpenLock() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }
  OpenLock(OpenLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenLock(const OpenLock&) = delete;
  OpenLock& operator=(const OpenLock&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Who holds a folder, as the file says; fields are empty or 0 where it was not written to its end.
struct LockHolder {
  std::string host;
  std::string boot;
  std::string purpose;
  std::string since;
  RunningProcess process;
};

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return text.data();
}

std::string lock_text(std::string_view purpose) {
  const RunningProcess self = this_process();
  return fmt::format("host: {}\nboot: {}\nprocess: {}\nstarted: {}\npurpose: {}\nsince: {}\n", host_name(), boot_id(),
                     self.id, self.start, purpose, local_time());
}

std::string content_of(int descriptor) {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  return {bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

LockHolder parse_holder(const std::string& text) {
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t colon = line.find(": "); colon != std::string::npos) {
      values[line.substr(0, colon)] = line.substr(colon + 2);
    }
  }
  const auto number = [&](const char* key) {
    std::uint64_t value = 0;
    const std::string& digits = values[key];
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  return {values["host"], values["boot"], values["purpose"], values["since"], {number("process"), number("started")}};
}

bool same_file(int descriptor, const fs::path& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(descriptor, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

std::chrono::nanoseconds time_of(const struct stat& status) {
  return std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
}

/// What the clock of the file system says now: the local one of a host may be minutes off.
std::optional<std::chrono::nanoseconds> file_system_time(const fs::path& folder) {
  const fs::path probe = temporary_name(folder / kFolderLockFile);
  ::unlink(probe.c_str());
  const OpenLock file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  struct stat status {};
  const bool known = file.get() >= 0 && ::fstat(file.get(), &status) == 0;
  ::unlink(probe.c_str());
  return known ? std::optional(time_of(status)) : std::nullopt;
}

[[noreturn]] void refuse(const fs::path& folder, const FolderHolder& holder) {
  throw UserError(
      "{}: is being written by `{}` on {}, process {}, since {}; wait until it ends, or name another folder",
      folder.string(), holder.purpose.empty() ? "samsr" : holder.purpose,
      holder.host.empty() ? "a host that is not named yet" : holder.host, holder.process,
      holder.since.empty() ? "just now" : holder.since);
}

[[noreturn]] void refuse(const fs::path& folder, const LockHolder& holder) {
  refuse(folder, FolderHolder{holder.host, holder.purpose, holder.since, holder.process.id});
}

/// The lock file; none when there is none. UserError when it cannot be opened, or is something else.
OpenLock open_lock(const fs::path& file, int access) {
  struct stat status {};
  const bool found = ::lstat(file.c_str(), &status) == 0;
  if (found && !S_ISREG(status.st_mode)) {
    throw UserError("{}: is a {}, which samsr does not make; remove it", file.string(),
                    S_ISDIR(status.st_mode)    ? "folder"
                    : S_ISLNK(status.st_mode)  ? "link"
                    : S_ISFIFO(status.st_mode) ? "named pipe"
                                               : "socket or device");
  }
  OpenLock lock(::open(file.c_str(), access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (lock.get() < 0 && errno != ENOENT) {
    throw UserError("{}: cannot be opened: {}; another user's run may hold the folder", file.string(),
                    std::strerror(errno));
  }
  return lock;
}

/// Watches a lock whose holder cannot be looked for, because another host has it.
class SilenceWatch {
 public:
  SilenceWatch(const fs::path& folder, const std::function<void(const std::string&)>& say, std::chrono::seconds silence)
      : folder_(folder), say_(say), silence_(silence) {}

  /// True when the holder of the open lock is silent for too long; UserError when it has given a sign of life since the
  /// last look. Otherwise it is to be asked again in a moment.
  bool is_silent(int lock, const LockHolder& holder) {
    struct stat status {};
    const auto now = file_system_time(folder_);
    if (!now || ::fstat(lock, &status) != 0) {
      refuse(folder_, holder);
    }
    const auto sign = time_of(status);
    if (looked_ && sign != seen_) {
      refuse(folder_, holder);
    }
    const auto here = std::chrono::steady_clock::now();
    // By the clock of this process too: where the file system's was set back, its signs lie in the future.
    if (*now - sign >= silence_ || (looked_ && here - first_look_ >= silence_)) {
      return true;
    }
    if (!looked_) {
      first_look_ = here;
    }
    if (!looked_ && !holder.host.empty()) {
      say_(fmt::format(
          "{}: `{}` on {} held it {} s ago; waiting for a sign of life, {} s at most, before it is taken for lost",
          folder_.string(), holder.purpose, holder.host,
          std::max(std::chrono::duration_cast<std::chrono::seconds>(*now - sign), std::chrono::seconds(0)).count(),
          silence_.count()));
    }
    seen_ = sign;
    looked_ = true;
    return false;
  }

 private:
  const fs::path& folder_;
  const std::function<void(const std::string&)>& say_;
  const std::chrono::seconds silence_;
  bool looked_ = false;
  std::chrono::steady_clock::time_point first_look_;
  std::chrono::nanoseconds seen_{};  ///< at the last look
};

/// Takes a stale lock away. Where nothing can be locked (NFS), another run may have been faster, and its lock, which
/// has the name by now, is given back.
void take_away(const fs::path& file, int stale) {
  const fs::path aside = temporary_name(file);
  if (::rename(file.c_str(), aside.c_str()) != 0) {
    return;
  }
  if (!same_file(stale, aside)) {
    (void)!::link(aside.c_str(), file.c_str());
  }
  ::unlink(aside.c_str());
}

/// Waits for the holder's next sign of life after `seen`: by how much this host's clock is before that of the file
/// system; none when the holder gives none. The file is opened anew each time, which is when NFS looks again.
std::optional<std::chrono::nanoseconds> clock_ahead(const fs::path& file, std::chrono::nanoseconds seen,
                                                    std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kLook);
    const OpenLock lock = open_lock(file, O_RDONLY);
    struct stat status {};
    if (lock.get() < 0 || ::fstat(lock.get(), &status) != 0) {
      break;
    }
    if (time_of(status) != seen) {
      return std::chrono::system_clock::now().time_since_epoch() - time_of(status);
    }
  }
  return std::nullopt;
}

}  // namespace

FolderLock::FolderLock(fs::path folder, std::string_view purpose, const std::function<void(const std::string&)>& say,
                       std::chrono::seconds silence)
    : folder_(std::move(folder)), file_(folder_ / kFolderLockFile) {
  std::error_code ignored;
  for (fs::path each = absolute_path(folder_); !each.empty() && !fs::exists(each, ignored); each = each.parent_path()) {
    if (each.has_filename()) {
      made_.insert(made_.begin(), each);
    }
  }
  make_folder(folder_);
  try {
    acquire(lock_text(purpose), say, silence);
  } catch (...) {
    remove_made_folders();
    throw;
  }
  heart_ = std::thread([this] { beat(); });
}

FolderLock::~FolderLock() {
  {
    const std::lock_guard guard(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  heart_.join();
  if (is_mine()) {
    ::unlink(file_.c_str());
  }
  ::close(descriptor_);
  remove_made_folders();
}

void FolderLock::check() const {
  std::error_code unreachable;
  if (!fs::is_directory(folder_, unreachable)) {
    throw UserError("{}: the folder has been removed or moved; nothing more is written there", folder_.string());
  }
  if (!is_mine()) {
    throw UserError(
        "{}: {} has been removed or taken over by another run, because this one gave no sign of life for {} s; nothing "
        "more is written there",
        folder_.string(), kFolderLockFile, kSilence.count());
  }
}

void FolderLock::acquire(const std::string& text, const std::function<void(const std::string&)>& say,
                         std::chrono::seconds silence) {
  SilenceWatch watch(folder_, say, silence);
  int met_flocked = 0;
  while (!create(text)) {
    const OpenLock lock = open_lock(file_, O_RDWR);
    if (lock.get() < 0) {
      continue;  // given back in this moment
    }
    const LockHolder holder = parse_holder(content_of(lock.get()));
    const bool here = !holder.boot.empty() && holder.boot == boot_id();
    if (here && is_running(holder.process)) {
      refuse(folder_, holder);
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      // A run in another namespace of processes, on another host, or one that looks at the lock in this moment too.
      if (++met_flocked >= kLooksAtFlocked) {
        refuse(folder_, holder);
      }
      std::this_thread::sleep_for(kLook);
      continue;
    }
    if (!same_file(lock.get(), file_)) {
      continue;
    }
    if (here || watch.is_silent(lock.get(), holder)) {
      take_away(file_, lock.get());
      continue;
    }
    ::flock(lock.get(), LOCK_UN);
    std::this_thread::sleep_for(kLook);
  }
}

std::optional<FolderHolder> folder_holder(const fs::path& folder, std::chrono::milliseconds patience) {
  const OpenLock lock = open_lock(folder / kFolderLockFile, O_RDONLY);
  struct stat status {};
  if (lock.get() < 0 || ::fstat(lock.get(), &status) != 0) {
    return std::nullopt;
  }
  const LockHolder holder = parse_holder(content_of(lock.get()));
  const bool here = !holder.boot.empty() && holder.boot == boot_id();
  const bool flocked = ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const bool lives = flocked || (here && is_running(holder.process));
  if (here && !lives) {
    return std::nullopt;
  }
  std::chrono::duration<double> silent = std::chrono::system_clock::now().time_since_epoch() - time_of(status);
  std::chrono::duration<double> ahead{};
  if (std::chrono::abs(silent) >= FolderLock::kSilence) {
    if (const auto apart = clock_ahead(folder / kFolderLockFile, time_of(status), patience)) {
      silent = {};
      ahead = std::chrono::abs(*apart) < FolderLock::kSilence ? ahead : *apart;
    } else if (!lives || !fs::exists(folder / kFolderLockFile)) {  // given back meanwhile
      return std::nullopt;
    }
  }
  return FolderHolder{holder.host, holder.purpose, holder.since, holder.process.id, silent.count(), ahead.count()};
}

void check_not_held(const fs::path& folder, std::chrono::milliseconds patience) {
  if (const auto holder = folder_holder(folder, patience)) {
    refuse(folder, *holder);
  }
}

bool FolderLock::create(const std::string& text) {
  const int descriptor = ::open(file_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    if (errno == EEXIST) {
      return false;
    }
    throw UserError("{}: cannot be written: {}", folder_.string(), std::strerror(errno));
  }
  ::flock(descriptor, LOCK_EX);  // fails where the file system has none: then process and sign of life tell
  if (::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    const std::string why = std::strerror(errno);
    ::unlink(file_.c_str());
    ::close(descriptor);
    throw UserError("{}: cannot be written: {}; make room or choose another place", file_.string(), why);
  }
  descriptor_ = descriptor;
  return true;
}

void FolderLock::remove_made_folders() const {
  for (auto each = made_.rbegin(); each != made_.rend() && ::rmdir(each->c_str()) == 0; ++each) {
  }
}

void FolderLock::beat() {
  std::unique_lock guard(mutex_);
  while (!ended_.wait_for(guard, kBeat, [this] { return end_; })) {
    ::futimens(descriptor_, nullptr);
  }
}

bool FolderLock::is_mine() const { return same_file(descriptor_, file_); }

}  // namespace samsr
