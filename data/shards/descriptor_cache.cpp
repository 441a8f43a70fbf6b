#include "data/shards/descriptor_cache.h"

namespace samsr {

std::shared_ptr<const RandomAccessFile> DescriptorCache::open(const std::filesystem::path& path) {
  const std::lock_guard lock(mutex_);
  const std::string key = path.string();
  if (const auto known = found_.find(key); known != found_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
  } else {
    recent_.emplace_front(key, std::make_shared<RandomAccessFile>(path, RandomAccessFile::Access::kRead));
    found_[key] = recent_.begin();
    if (recent_.size() > capacity_) {
      found_.erase(recent_.back().first);
      recent_.pop_back();
    }
  }
  return recent_.front().second;
}

}  // namespace samsr
