#pragma once

#include <filesystem>
#include <string>

namespace samsr {

/// What a call of std::filesystem failed with, as a line for the user: "photos/a.jpg: Permission denied".
inline std::string describe_error(const std::filesystem::filesystem_error& error) {
  const std::string to = error.path2().empty() ? "" : " → " + error.path2().string();
  return error.path1().string() + to + ": " + error.code().message();
}

}  // namespace samsr
