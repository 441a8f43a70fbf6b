#include "data/photographs/place.h"

#include "core/atomic_file.h"
#include "data/photographs/archive.h"

namespace samsr {

std::string read_photograph_file(const std::filesystem::path& root, const PhotographPlace& place) {
  if (place.packing == PhotographPlace::Packing::kFile) {
    return read_file(root / place.path);
  }
  const RandomAccessFile file(root / place.file(), RandomAccessFile::Access::kRead);
  const ArchiveMember member{
      .offset = place.offset, .size = place.size, .deflated = place.packing == PhotographPlace::Packing::kDeflated};
  return read_member(file, member, (root / place.path).string());
}

}  // namespace samsr
