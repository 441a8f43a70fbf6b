#include "data/shards/descriptor_cache.h"

namespace samsr {

std::shared_ptr<const RandomAccessFile> DescriptorCache::open(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  return files_.get(path.string(),
                    [&] { return std::make_shared<const RandomAccessFile>(path, RandomAccessFile::Access::kRead); });
}

}  // namespace samsr
