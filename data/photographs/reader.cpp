#include "data/photographs/reader.h"

#include "data/images/image_file.h"
#include "data/photographs/archive.h"

namespace samsr {

PhotographReader::PhotographReader(const PhotographSources& sources, const ImageLimits& limits)
    : roots_(roots_of(sources)), limits_(limits) {}

std::string PhotographReader::read(const PhotographPlace& place) {
  const std::filesystem::path path = path_of(place);
  if (place.packing == PhotographPlace::Packing::kFile) {
    return read_picture_file(path, limits_);
  }
  check_file_size(path.string(), place.size, limits_);
  const std::filesystem::path archive = roots_.at(place.source) / place.file();
  const auto file = archives_.get(archive.string(), [&] {
    return std::make_shared<const RandomAccessFile>(archive, RandomAccessFile::Access::kRead);
  });
  return read_member(
      *file,
      {.offset = place.offset, .size = place.size, .deflated = place.packing == PhotographPlace::Packing::kDeflated},
      path.string());
}

}  // namespace samsr
