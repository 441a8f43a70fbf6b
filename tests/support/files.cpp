#include "support/files.h"

#include <fstream>
#include <stdexcept>

#include "core/atomic_file.h"

namespace samsr::testing {
namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  if (!file.flush()) {
    throw std::runtime_error(path.string() + ": cannot be written");
  }
}

void write_script(const fs::path& path, const std::string& text) {
  write_text(path, text);
  fs::permissions(path, fs::perms::owner_all);
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    found[entry.path().filename().string()] = entry.is_directory() ? "" : read_file(entry.path());
  }
  return found;
}

void flip_byte(const fs::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(static_cast<std::streamoff>(offset));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte ^ 0x10));
  if (byte == std::char_traits<char>::eof() || !file.flush()) {
    throw std::runtime_error(path.string() + ": no byte can be changed at " + std::to_string(offset));
  }
}

}  // namespace samsr::testing
