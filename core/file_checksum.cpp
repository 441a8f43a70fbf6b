#include "core/file_checksum.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/crc32c.h"
#include "core/error.h"

namespace samsr {

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
