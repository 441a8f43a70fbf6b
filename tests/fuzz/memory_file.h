#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "core/error.h"

namespace samsr::fuzz {

/// Bytes under a path that the readers can open, without a disk.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* bytes, std::size_t size) : file_(::memfd_create("input", MFD_CLOEXEC)) {
    if (file_ < 0 || ::write(file_, bytes, size) != static_cast<ssize_t>(size)) {
      std::abort();
    }
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  const int file_;
};

inline std::string text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// How many inputs were read. A target that refuses all of its corpus tests nothing, so SAMSR_FUZZ_SEEDS=1 makes that
/// an end with 1.
class Reads {
 public:
  ~Reads() {
    if (count_ == 0 && std::getenv("SAMSR_FUZZ_SEEDS") != nullptr) {
      std::fputs("no input was read: the target is blind\n", stderr);
      ::_exit(1);
    }
  }
  void add() { ++count_; }

 private:
  std::size_t count_ = 0;
};
inline Reads reads;

/// A file may be refused by a UserError of one line; any other end is a finding. Whether it was read.
inline bool must_be_read_or_refused(const std::function<void()>& read) {
  try {
    read();
    reads.add();
    return true;
  } catch (const UserError& error) {
    if (std::string(error.what()).find('\n') != std::string::npos) {
      std::abort();
    }
    return false;
  }
}

}  // namespace samsr::fuzz
