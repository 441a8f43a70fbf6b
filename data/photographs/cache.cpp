#include "data/photographs/cache.h"

#include "core/checksum.h"
#include "core/error.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"

namespace samsr {
namespace {

std::size_t size_of(const cv::Mat& image) { return image.total() * image.elemSize(); }

/// CV_8UC3 RGB.
cv::Mat read_photograph(PhotographReader& reader, const Photograph& photograph, const ImageLimits& limits) {
  const std::filesystem::path path = reader.path_of(photograph);
  const std::string file = reader.read(photograph);
  if (crc32c(file.data(), file.size()) != photograph.checksum) {
    throw UserError("{}: has changed since the data set was begun; restore it, or build anew in another data.out",
                    path.string());
  }
  try {
    return decode_image(file, path.string(), Bits::kEight, limits).rgb;
  } catch (...) {
    throw UserError("{}", describe_failure(path.string(), std::current_exception()));
  }
}

}  // namespace

PhotographCache::PhotographCache(const PhotographSources& sources, std::size_t bytes, const ImageLimits& limits)
    : reader_(sources, limits), limits_(limits), images_(bytes, size_of) {}

cv::Mat PhotographCache::load(const Photograph& photograph) {
  return images_.get(fmt::format("{} {}", photograph.source, photograph.path),
                     [&] { return read_photograph(reader_, photograph, limits_); });
}

}  // namespace samsr
