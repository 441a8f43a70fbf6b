#include "core/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporaryMark = ".tmp-";

std::string reason() { return std::strerror(errno); }

/// Owns a descriptor.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
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

}  // namespace

std::string read_file(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw UserError("{}: is a folder, a file is needed", path.string());
  }
  // Opening a pipe that nobody writes to waits for ever; what the shell hands over below /dev has its writer.
  if ((fs::is_fifo(path, ignored) || fs::is_socket(path, ignored)) && !path.string().starts_with("/dev/")) {
    throw UserError("{}: is a pipe, a file is needed", path.string());
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw UserError("{}: cannot be read: {}", path.string(), reason());
  }
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

fs::path temporary_name(const fs::path& path) {
  return path.parent_path() / fmt::format(".{}{}{}", path.filename().string(), kTemporaryMark, ::getpid());
}

void clean_temporaries(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".") && name.find(kTemporaryMark) != std::string::npos) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error && !fs::is_directory(path)) {
    throw UserError("{}: the folder cannot be made: {}", path.string(), error.message());
  }
}

void sync_to_disk(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  if (!file.valid() || ::fsync(file.get()) != 0) {
    throw UserError("{}: cannot be written to disk: {}", path.string(), reason());
  }
}

void publish(const fs::path& temporary, const fs::path& final_path) {
  sync_to_disk(temporary);
  std::error_code error;
  fs::rename(temporary, final_path, error);
  if (error) {
    throw UserError("{}: cannot be renamed from {}: {}", final_path.string(), temporary.string(), error.message());
  }
  sync_to_disk(final_path.has_parent_path() ? final_path.parent_path() : fs::path("."));
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = temporary_name(path);
  try {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.valid()) {
      throw UserError("{}: cannot be written: {}", path.string(), reason());
    }
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0) {
        throw UserError("{}: cannot be written: {}; make room or choose another place", path.string(), reason());
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    publish(temporary, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw;
  }
}

}  // namespace samsr
