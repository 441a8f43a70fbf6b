#include "data/photograph_cache.h"

#include "data/image_file.h"

namespace samsr {
namespace {
std::size_t size_of(const cv::Mat& image) { return image.total() * image.elemSize(); }
}  // namespace

cv::Mat PhotographCache::load(const std::string& path) {
  if (const auto known = found_.find(path); known != found_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return recent_.front().second;
  }
  recent_.emplace_front(path, read_image(folder_ / path).rgb);
  found_[path] = recent_.begin();
  used_ += size_of(recent_.front().second);
  while (used_ > limit_ && recent_.size() > 1) {
    used_ -= size_of(recent_.back().second);
    found_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return recent_.front().second;
}

}  // namespace samsr
