#pragma once

#include <cstddef>
#include <filesystem>

namespace samsr::testing {

/// A disk of a few bytes mounted on an existing folder, seen by this thread alone: a file system in memory, in a
/// namespace of its own.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, std::size_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// False where this user may mount nothing.
  bool mounted() const { return mounted_; }

 private:
  const std::filesystem::path folder_;
  bool mounted_ = false;
};

}  // namespace samsr::testing
