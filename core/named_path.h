#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace samsr {

/// A file or folder and what it is called in tables and messages: `NAME=PATH` on the command line.
struct NamedPath {
  std::string name;
  std::filesystem::path path;

  /// "NAME=PATH", or "PATH", which is then called as its last part: "student" for "runs/student/". UserError when name
  /// or path is empty.
  static NamedPath parse(const std::string& argument);
};

/// One for each argument.
std::vector<NamedPath> named_paths(const std::vector<std::string>& arguments);

}  // namespace samsr
