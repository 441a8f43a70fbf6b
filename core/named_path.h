#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace samsr {

/// A file or folder and what it is called in tables and messages: `NAME=PATH` on the command line.
struct NamedPath {
  std::string name;
  std::filesystem::path path;
  bool name_given = false;  ///< with NAME=

  /// A path that exists, whatever signs it has, is called as its last part: "student" for "runs/student/". Other
  /// arguments with a = are "NAME=PATH", PATH as a shell would read it (core/user_path.h), but one whose beginning is a
  /// folder that is there, and whose PATH is not, is a misspelt path; others yet are a path.
  /// UserError when name or path is empty, and when both readings exist, unless the argument begins as a path (/, ./ or
  /// ../).
  static NamedPath parse(const std::string& argument);
};

/// UserError, beginning with `what` ("--model a/b=x.pth"), unless `name` can be that of a folder in another: it is not
/// empty, "." or "..", and holds no "/".
void check_folder_name(const std::string& name, const std::string& what);

/// One for each argument.
std::vector<NamedPath> named_paths(const std::vector<std::string>& arguments);

}  // namespace samsr
