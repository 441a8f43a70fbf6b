#include "core/output.h"

#include <fmt/ranges.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/atomic_file.h"
#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;

fs::path existing_part(fs::path folder) {
  folder = fs::current_path() / folder;  // where it is empty, absolute() would throw
  std::error_code unreadable;
  while (!fs::exists(folder, unreadable) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

void check_writable(const fs::path& folder, const std::string& what) {
  const fs::path place = existing_part(folder);
  if (!fs::is_directory(place)) {
    throw UserError("{}: {} is no folder; choose another place", what, place.string());
  }
  if (::access(place.c_str(), W_OK | X_OK) != 0) {
    throw UserError("{}: {} cannot be written: {}; choose another place", what, place.string(), std::strerror(errno));
  }
}

void check_file_writable(const fs::path& file, const std::string& what) {
  if (fs::is_directory(file)) {
    throw UserError("{}: is a folder; name a file", what);
  }
  if (!file.empty()) {
    check_replaceable(file);
    check_writable(file.parent_path(), what);
  }
}

std::uint64_t free_bytes(const fs::path& folder, const std::string& what) {
  const fs::path place = existing_part(folder);
  struct statvfs disk {};
  if (::statvfs(place.c_str(), &disk) != 0) {
    throw UserError("{}: the free space of {} cannot be read: {}", what, place.string(), std::strerror(errno));
  }
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

std::string extension_of(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char each) { return static_cast<char>(std::tolower(each)); });
  return extension;
}

void check_extension(const fs::path& file, std::initializer_list<std::string_view> extensions,
                     const std::string& written) {
  const std::string extension = extension_of(file);
  if (!extension.empty() && std::find(extensions.begin(), extensions.end(), extension) == extensions.end()) {
    throw UserError("{}: {} is written, so the name must end in {}", file.string(), written,
                    fmt::join(extensions, " or "));
  }
}

}  // namespace samsr
