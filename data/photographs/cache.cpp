#include "data/photographs/cache.h"

#include "core/checksum.h"
#include "core/error.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"

namespace samsr {
namespace {

std::size_t size_of(const cv::Mat& image) { return image.total() * image.elemSize(); }

/// CV_8UC3 RGB.
cv::Mat read_photograph(const std::filesystem::path& root, const Photograph& photograph, const ImageLimits& limits) {
  const std::filesystem::path path = root / photograph.path;
  const std::string file = read_photograph_file(root, photograph, limits);
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
    : limits_(limits), images_(bytes, size_of) {
  for (const PhotographSource& source : sources) {
    roots_.push_back(root_of_source(source.path));
  }
}

cv::Mat PhotographCache::load(const Photograph& photograph) {
  return images_.get(fmt::format("{} {}", photograph.source, photograph.path),
                     [&] { return read_photograph(roots_.at(photograph.source), photograph, limits_); });
}

}  // namespace samsr
