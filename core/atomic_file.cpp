#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "core/checksum.h"
#include "core/error.h"
#include "core/running_process.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";
constexpr std::size_t kMarkDigits = 8;
constexpr std::size_t kLongName = 100;  ///< bytes
constexpr std::size_t kKeptOfLong = 60;

constexpr mode_t kUsualMode = 0666;  ///< less what the user's umask takes away

std::string reason() { return std::strerror(errno); }

/// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// What an open file holds, `most` bytes of it. `size`: what the system says, 0 for pipes and files of /proc.
std::string bytes_of(int file, std::size_t size, std::size_t most, const fs::path& path) {
  constexpr std::size_t kLeast = std::size_t{1} << 16;
  std::string text;
  std::size_t filled = 0;
  while (filled < most) {
    if (filled == text.size()) {
      // One byte above the size shows the end without taking more memory.
      const std::size_t room = filled == 0 && size > 0 ? size + 1 : std::max(2 * filled, kLeast);
      text.resize(std::min({room, most, text.max_size()}));
    }
    const ssize_t count = ::read(file, text.data() + filled, text.size() - filled);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw UserError("{}: cannot be read at byte {}: {}", path.string(), filled, reason());
    }
    if (count == 0) {
      break;
    }
    filled += static_cast<std::size_t>(count);
  }
  text.resize(filled);
  return text;
}

std::uint32_t checksum_of(const std::string& text) { return crc32c(text.data(), text.size()); }

/// Four hex digits of this start of this host, and four of `name`, which ends in the number of the process, and of
/// them.
std::string temporary_mark(const std::string& name, const std::string& host) {
  return fmt::format("{}{:04x}", host, checksum_of(name + host) & 0xffff);
}

std::string host_mark() { return fmt::format("{:04x}", checksum_of(boot_id()) & 0xffff); }

/// What a temporary name tells.
struct TemporaryName {
  std::string stem;  ///< what stands before the mark: ".NAME"
  std::uint64_t process = 0;
  bool here = false;  ///< given on this host, since it was started

  bool of_this_process() const { return here && process == static_cast<std::uint64_t>(::getpid()); }
  /// Another process that runs here may still write the file.
  bool in_use() const { return here && !of_this_process() && is_running(process); }
};

/// None for a name that samsr has not given.
std::optional<TemporaryName> parse_temporary_name(const std::string& name) {
  const std::size_t mark = name.rfind(kTemporaryMark);
  if (!name.starts_with(".") || mark == std::string::npos || name.size() < mark + kTemporaryMark.size() + kMarkDigits) {
    return std::nullopt;
  }
  const std::size_t dash = name.size() - kMarkDigits - 1;
  const char* first = name.data() + mark + kTemporaryMark.size();
  const char* last = name.data() + dash;
  TemporaryName parsed{.stem = name.substr(0, mark)};
  const auto [end, error] = std::from_chars(first, std::max(first, last), parsed.process);
  if (error != std::errc() || end != last || *last != '-') {
    return std::nullopt;
  }
  const std::string host = name.substr(dash + 1, kMarkDigits / 2);
  if (name.substr(dash + 1) != temporary_mark(name.substr(0, dash), host)) {
    return std::nullopt;
  }
  parsed.here = host == host_mark();
  return parsed;
}

/// Removes the temporary files of `folder` that are `left_over`.
void clean(const fs::path& folder, const std::function<bool(const TemporaryName&)>& left_over) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = parse_temporary_name(entry.path().filename().string());
    if (name && left_over(*name)) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

}  // namespace

void check_no_pipe(const fs::path& path) {
  std::error_code ignored;
  if ((fs::is_fifo(path, ignored) || fs::is_socket(path, ignored)) && !path.string().starts_with("/dev/")) {
    throw UserError("{}: is a pipe, a file is needed", path.string());
  }
}

void check_replaceable(const fs::path& path) {
  std::error_code ignored;
  const fs::file_type type = fs::status(path, ignored).type();
  // /dev/stdout may lead to a file, and the link would be replaced all the same.
  const std::string folder = fs::weakly_canonical(path.has_parent_path() ? path.parent_path() : ".", ignored).string();
  const bool link_of_the_system =
      fs::is_symlink(path, ignored) && (folder == "/dev" || folder == "/proc" || folder.starts_with("/proc/"));
  if (type == fs::file_type::character || type == fs::file_type::block || type == fs::file_type::fifo ||
      type == fs::file_type::socket || link_of_the_system) {
    throw UserError("{}: is a device or a pipe, which a file would take the place of; name a file", path.string());
  }
}

std::string read_file(const fs::path& path, std::size_t most) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw UserError("{}: is a folder, a file is needed", path.string());
  }
  check_no_pipe(path);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    throw UserError("{}: cannot be read: {}", path.string(), reason());
  }
  try {
    return bytes_of(file.get(), static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)), most, path);
  } catch (const std::bad_alloc&) {
    throw UserError("{}: there is no memory to read it; free some, or make it smaller", path.string());
  }
}

fs::path temporary_name(const fs::path& path) {
  std::string name = path.filename().string();
  if (name.size() > kLongName) {
    name = fmt::format("{}~{:08x}", name.substr(0, kKeptOfLong), checksum_of(name));
  }
  name = fmt::format(".{}{}{}", name, kTemporaryMark, ::getpid());
  return path.parent_path() / fmt::format("{}-{}", name, temporary_mark(name, host_mark()));
}

void clean_temporaries(const fs::path& folder) {
  clean(folder, [](const TemporaryName& name) { return !name.in_use(); });
}

void clean_temporaries_of(const fs::path& path) {
  const std::string stem = parse_temporary_name(temporary_name(path).filename().string())->stem;
  clean(path.has_parent_path() ? path.parent_path() : fs::path("."), [&](const TemporaryName& name) {
    return name.stem == stem && name.here && !name.of_this_process() && !name.in_use();
  });
}

int create_temporary(const fs::path& temporary) {
  ::unlink(temporary.c_str());
  return ::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kUsualMode);
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error && !fs::is_directory(path)) {
    throw UserError("{}: the folder cannot be made: {}", path.string(), error.message());
  }
}

void sync_to_disk(const fs::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid() || ::fsync(file.get()) != 0) {
    throw_write_error(path, errno);
  }
}

void publish(const fs::path& temporary, const fs::path& final_path, const BeforeRename& before_rename) {
  check_replaceable(final_path);
  sync_to_disk(temporary);
  if (before_rename) {
    before_rename(temporary);
  }
  std::error_code error;
  fs::rename(temporary, final_path, error);
  if (error) {
    throw UserError("{}: cannot be renamed from {}: {}", final_path.string(), temporary.string(), error.message());
  }
  sync_to_disk(final_path.has_parent_path() ? final_path.parent_path() : fs::path("."));
}

void throw_write_error(const fs::path& path, int error) {
  const bool disk = error == ENOSPC || error == EDQUOT || error == EIO || error == EROFS;
  const std::string message = fmt::format("{}: cannot be written: {}{}", path.string(), std::strerror(error),
                                          disk || error == EFBIG ? "; make room or choose another place" : "");
  if (disk) {
    throw DiskError(message);
  }
  throw UserError(message);
}

NewFile::NewFile(fs::path path, BeforeRename before_rename)
    : path_(std::move(path)), temporary_(temporary_name(path_)), before_rename_(std::move(before_rename)) {
  check_replaceable(path_);
  if (std::error_code absent; fs::is_directory(path_, absent)) {
    throw UserError("{}: is a folder; name a file", path_.string());
  }
  descriptor_ = create_temporary(temporary_);
  if (descriptor_ < 0) {
    throw_write_error(path_, errno);
  }
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
  if (!finished_) {
    ::unlink(temporary_.c_str());
  }
}

void NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      throw_write_error(path_, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void NewFile::finish() {
  // Some network file systems report a full disk only here.
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0) {
    throw_write_error(path_, errno);
  }
  publish(temporary_, path_, before_rename_);
  finished_ = true;
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  NewFile file(path);
  file.write(bytes);
  file.finish();
}

}  // namespace samsr
