#include "data/shards/random_access_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace samsr {

RandomAccessFile::RandomAccessFile(const std::filesystem::path& path, Access access)
    : path_(path),
      descriptor_(::open(path.c_str(), (access == Access::kRead ? O_RDONLY : O_RDWR) | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw UserError("{}: cannot be opened: {}", path_.string(), std::strerror(errno));
  }
}

RandomAccessFile::~RandomAccessFile() { ::close(descriptor_); }

void RandomAccessFile::read_at(std::uint64_t offset, void* out, std::size_t size) const {
  auto* at = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t count = ::pread(descriptor_, at, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      throw UserError("{}: cannot be read at byte {}: {}", path_.string(), offset,
                      count < 0 ? std::strerror(errno) : "the file ends there");
    }
    at += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

void RandomAccessFile::write_at(std::uint64_t offset, const void* bytes, std::size_t size) const {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t count = ::pwrite(descriptor_, at, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw UserError("{}: cannot be written: {}; make room or choose another place", path_.string(),
                      std::strerror(errno));
    }
    at += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

}  // namespace samsr
