#include "data/shards/random_access_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"

namespace samsr {
namespace {

int flags(RandomAccessFile::Access access) {
  switch (access) {
    case RandomAccessFile::Access::kRead:
      return O_RDONLY | O_CLOEXEC;
    case RandomAccessFile::Access::kWrite:
      return O_RDWR | O_CLOEXEC;
    default:
      return O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
  }
}

}  // namespace

RandomAccessFile::RandomAccessFile(const std::filesystem::path& path, Access access)
    : path_(path), descriptor_(::open(path.c_str(), flags(access), 0644)) {
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

void RandomAccessFile::cannot_write() const {
  throw UserError("{}: cannot be written: {}; make room or choose another place", path_.string(), std::strerror(errno));
}

void RandomAccessFile::reserve(std::uint64_t size) const {
  int status = 0;
  do {
    status = ::fallocate(descriptor_, 0, 0, static_cast<off_t>(size));
  } while (status != 0 && errno == EINTR);
  if (status != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
    cannot_write();
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
      cannot_write();
    }
    at += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

}  // namespace samsr
