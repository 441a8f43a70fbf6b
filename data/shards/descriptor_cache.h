#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "data/shards/random_access_file.h"

namespace samsr {

/// Keeps the files read last open, at most `capacity` of them: a data set may have more shards than a
/// process may have descriptors. Safe to use from several threads.
class DescriptorCache {
 public:
  explicit DescriptorCache(std::size_t capacity) : capacity_(capacity) {}

  /// The file, open for reading; it stays open as long as the caller holds it.
  std::shared_ptr<const RandomAccessFile> open(const std::filesystem::path& path);

 private:
  using Entry = std::pair<std::string, std::shared_ptr<const RandomAccessFile>>;

  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> recent_;  ///< the last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> found_;
};

}  // namespace samsr
