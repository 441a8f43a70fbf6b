#include "data/photographs/cache.h"

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "data/images/image_file.h"

namespace samsr {
namespace {

std::size_t size_of(const cv::Mat& image) { return image.total() * image.elemSize(); }

/// CV_8UC3 RGB.
cv::Mat read_photograph(const std::filesystem::path& folder, const Photograph& photograph) {
  const std::filesystem::path path = folder / photograph.path;
  const std::string file = read_file(path);
  if (crc32c(file.data(), file.size()) != photograph.checksum) {
    throw UserError("{}: has changed since the data set was begun; restore it, or build anew in another data.out",
                    path.string());
  }
  return decode_image(file, path.string()).rgb;
}

}  // namespace

cv::Mat PhotographCache::load(const Photograph& photograph) {
  if (const auto known = found_.find(photograph.path); known != found_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return recent_.front().second;
  }
  recent_.emplace_front(photograph.path, read_photograph(folder_, photograph));
  found_[photograph.path] = recent_.begin();
  used_ += size_of(recent_.front().second);
  while (used_ > limit_ && recent_.size() > 1) {
    used_ -= size_of(recent_.back().second);
    found_.erase(recent_.back().first);
    recent_.pop_back();
  }
  return recent_.front().second;
}

}  // namespace samsr
