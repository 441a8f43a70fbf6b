#include "data/photographs/place.h"

#include "data/images/image_file.h"
#include "data/photographs/archive.h"

namespace samsr {

std::string read_photograph_file(const std::filesystem::path& root, const PhotographPlace& place,
                                 const ImageLimits& limits) {
  if (place.packing == PhotographPlace::Packing::kFile) {
    return read_picture_file(root / place.path, limits);
  }
  check_file_size((root / place.path).string(), place.size, limits);
  const RandomAccessFile file(root / place.file(), RandomAccessFile::Access::kRead);
  const ArchiveMember member{
      .offset = place.offset, .size = place.size, .deflated = place.packing == PhotographPlace::Packing::kDeflated};
  return read_member(file, member, (root / place.path).string());
}

}  // namespace samsr
