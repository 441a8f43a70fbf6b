#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>

#include "core/lru_cache.h"
#include "data/shards/random_access_file.h"

namespace samsr {

/// Keeps the files read last open, at most `capacity` of them: a data set may have more shards than a
/// process may have descriptors. Safe to use from several threads.
class DescriptorCache {
 public:
  explicit DescriptorCache(std::size_t capacity) : files_(capacity) {}

  /// The file, open for reading; it stays open as long as the caller holds it.
  std::shared_ptr<const RandomAccessFile> open(const std::filesystem::path& path);

 private:
  std::mutex mutex_;
  LruCache<std::shared_ptr<const RandomAccessFile>> files_;  ///< by path
};

}  // namespace samsr
