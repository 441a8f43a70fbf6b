#include "data/images/byte_sink.h"

#include <unistd.h>

#include <cerrno>
#include <exception>
#include <utility>

#include "core/atomic_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

class FileSink : public ByteSink {
 public:
  FileSink(const fs::path& path, BeforeRename before_rename)
      : path_(path), temporary_(temporary_name(path)), before_rename_(std::move(before_rename)) {
    fd_ = create_temporary(temporary_);
    if (fd_ < 0) {
      throw_write_error(path_, errno);
    }
  }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    if (!finished_) {
      ::unlink(temporary_.c_str());
    }
  }

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) {
        continue;
      }
      if (written < 0) {
        throw_write_error(path_, errno);
      }
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  void finish() override {
    // Some network file systems report a full disk only here.
    const int closed = ::close(fd_);
    fd_ = -1;
    if (closed != 0) {
      throw_write_error(path_, errno);
    }
    publish_file(temporary_, path_, before_rename_);
    finished_ = true;
  }

 private:
  const fs::path path_;
  const fs::path temporary_;
  const BeforeRename before_rename_;
  int fd_ = -1;
  bool finished_ = false;
};

class MemorySink : public ByteSink {
 public:
  explicit MemorySink(std::string& bytes) : bytes_(bytes) {}
  void write(std::string_view bytes) override { bytes_ += bytes; }
  void finish() override {}

 private:
  std::string& bytes_;
};

}  // namespace

void publish_file(const fs::path& temporary, const fs::path& path, const BeforeRename& before_rename) {
  if (before_rename) {
    sync_to_disk(temporary);
    before_rename(temporary);
  }
  publish(temporary, path);
}

std::unique_ptr<ByteSink> make_file_sink(const fs::path& path, BeforeRename before_rename) {
  return std::make_unique<FileSink>(path, std::move(before_rename));
}

std::unique_ptr<ByteSink> make_memory_sink(std::string& bytes) { return std::make_unique<MemorySink>(bytes); }

bool PendingBytes::append(const void* bytes, std::size_t count) noexcept {
  try {
    bytes_.append(static_cast<const char*>(bytes), count);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void PendingBytes::flush(ByteSink& sink, std::size_t enough) {
  if (bytes_.size() >= enough) {
    sink.write(bytes_);
    bytes_.clear();
  }
}

}  // namespace samsr
