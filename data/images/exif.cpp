#include "data/images/exif.h"

#include <cstddef>
#include <cstdint>

namespace samsr {
namespace {

constexpr std::string_view kExifMark("Exif\0\0", 6);

/// Unsigned integer of `bytes` bytes at `at`; 0 beyond the end.
std::uint32_t exif_number(std::string_view text, std::size_t at, int bytes, bool big_endian) {
  if (at > text.size() || text.size() - at < static_cast<std::size_t>(bytes)) {
    return 0;
  }
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const int from = big_endian ? i : bytes - 1 - i;
    value = (value << 8) | static_cast<unsigned char>(text[at + static_cast<std::size_t>(from)]);
  }
  return value;
}

}  // namespace

int exif_orientation(std::string_view block) {  // a TIFF file: EXIF 2.32, 4.6.4
  if (block.starts_with(kExifMark)) {
    block.remove_prefix(kExifMark.size());
  }
  const bool big = block.starts_with("MM");
  if (!big && !block.starts_with("II")) {
    return 1;
  }
  const std::size_t directory = exif_number(block, 4, 4, big);
  const std::uint32_t entries = exif_number(block, directory, 2, big);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * static_cast<std::size_t>(i);
    if (exif_number(block, entry, 2, big) == 0x0112) {
      const std::uint32_t value = exif_number(block, entry + 8, 2, big);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
  }
  return 1;
}

}  // namespace samsr
