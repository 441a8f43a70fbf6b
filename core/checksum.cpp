#include "core/checksum.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/error.h"

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

std::uint32_t file_crc32c(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::vector<char> piece(std::size_t{1} << 20);
  std::uint32_t checksum = 0;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    checksum = crc32c(piece.data(), static_cast<std::size_t>(in.gcount()), checksum);
  }
  if (!in.eof()) {
    throw UserError("{}: cannot be read: {}", path.string(), std::strerror(errno != 0 ? errno : EIO));
  }
  return checksum;
}

}  // namespace samsr
