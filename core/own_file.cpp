#include "core/own_file.h"

#include <string>

#include "core/atomic_file.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Where a file of samsr says its format: among its first lines, also when somebody has sorted the keys.
constexpr std::size_t kBeginning = 65536;

/// Empty for what is no file.
std::string beginning_of(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    return {};
  }
  return read_file(path, kBeginning);
}

}  // namespace

bool is_own_file(const fs::path& path, std::string_view format) {
  return beginning_of(path).find(format) != std::string::npos;
}

void check_own_file(const fs::path& path, std::string_view format) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return;
  }
  const std::string beginning = beginning_of(path);
  const bool nobodys = fs::is_regular_file(path, ignored) && beginning.find_first_not_of('\0') == std::string::npos;
  if (!nobodys && beginning.find(format) == std::string::npos) {
    throw foreign_file_error(path);
  }
}

UserError foreign_file_error(const fs::path& path) {
  return UserError("{}: was not made by samsr, and would be replaced; move it, or name another folder", path.string());
}

}  // namespace samsr
