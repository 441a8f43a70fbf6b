#include "data/shards/random_access_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/atomic_file.h"
#include "core/error.h"

namespace samsr {
namespace {

int open_for(const std::filesystem::path& path, RandomAccessFile::Access access) {
  check_no_pipe(path);
  switch (access) {
    case RandomAccessFile::Access::kRead:
      return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    case RandomAccessFile::Access::kWrite:
      return ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    default:
      return create_temporary(path);
  }
}

}  // namespace

RandomAccessFile::RandomAccessFile(const std::filesystem::path& path, Access access)
    : path_(path), descriptor_(open_for(path, access)) {
  if (descriptor_ < 0) {
    throw UserError("{}: cannot be opened: {}", path_.string(), std::strerror(errno));
  }
}

RandomAccessFile::~RandomAccessFile() { ::close(descriptor_); }

std::uint64_t RandomAccessFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) {
    throw UserError("{}: cannot be read: {}", path_.string(), std::strerror(errno));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

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
