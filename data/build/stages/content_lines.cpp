#include "data/build/stages/content_lines.h"

#include "core/checksum.h"

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
  return fmt::format("{}: {:08x}\n", name, file_crc32c(path));
}

}  // namespace samsr
