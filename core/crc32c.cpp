#include "core/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace samsr {

std::uint32_t crc32c(const void* bytes, std::size_t size, std::uint32_t crc) {
  // ISA-L takes an int length and leaves both inversions to the caller.
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  auto* at = static_cast<unsigned char*>(const_cast<void*>(bytes));
  std::uint32_t state = ~crc;
  while (size > 0) {
    const std::size_t piece = std::min(size, kPiece);
    state = crc32_iscsi(at, static_cast<int>(piece), state);
    at += piece;
    size -= piece;
  }
  return ~state;
}

}  // namespace samsr
