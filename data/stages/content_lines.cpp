#include "data/stages/content_lines.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "core/crc32c.h"

namespace samsr {

std::string setting_lines(const Settings& settings, const std::function<bool(const std::string& key)>& choose) {
  std::string lines;
  for (const Settings::Entry& entry : settings.entries()) {
    if (choose(entry.key)) {
      YAML::Emitter value;
      value << entry.current();
      lines += entry.key + ": " + value.c_str() + "\n";
    }
  }
  return lines;
}

std::string file_line(const std::string& name, const std::filesystem::path& path) {
  if (path.empty()) {
    return {};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw UserError("{}: cannot be read: {}", path.string(), std::strerror(errno));
  }
  std::vector<char> piece(std::size_t{1} << 20);
  std::uint32_t checksum = 0;
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    checksum = crc32c(piece.data(), static_cast<std::size_t>(in.gcount()), checksum);
  }
  return fmt::format("{}: {:08x}\n", name, checksum);
}

}  // namespace samsr
