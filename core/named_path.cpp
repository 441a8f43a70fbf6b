#include "core/named_path.h"

#include "core/error.h"
#include "core/user_path.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool begins_as_path(const std::string& argument) {
  return argument.starts_with('/') || argument.starts_with("./") || argument.starts_with("../");
}

/// Whether what stands before = begins with a folder that is there: a misspelt path is named as a whole.
bool begins_in_folder(const std::string& name) {
  const fs::path parent = fs::path(name).parent_path();
  return !parent.empty() && is_there(parent);
}

/// The last part of a path that has a name.
std::string last_name(const fs::path& path) {
  const fs::path clean = path.lexically_normal();
  return (clean.has_filename() ? clean : clean.parent_path()).filename().string();
}

/// The same; of "." and "..", what the folder is called.
std::string last_part(const fs::path& path) {
  const std::string last = last_name(path);
  std::error_code unreadable;
  return last == "." || last == ".." ? last_name(fs::weakly_canonical(fs::current_path() / path, unreadable)) : last;
}

}  // namespace

NamedPath NamedPath::parse(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  const NamedPath whole{last_part(argument), argument, false};
  const bool is_path = equals == std::string::npos || begins_as_path(argument) || is_there(whole.path);
  NamedPath named = whole;
  if (equals != std::string::npos && !begins_as_path(argument)) {
    const std::string typed = argument.substr(equals + 1);
    named = {argument.substr(0, equals), is_there(typed) || is_path ? typed : user_path(typed), true};
  }
  if (is_path && named.name_given && !named.name.empty() && !named.path.empty() && is_there(named.path)) {
    throw UserError("'{}': there is this path, and '{}' too; write ./{} for the first, or {}={} for the second",
                    argument, named.path.string(), argument, named.name, fs::absolute(named.path).string());
  }
  const bool misspelt = named.name_given && !is_there(named.path) && begins_in_folder(named.name);
  const NamedPath& chosen = is_path || misspelt ? whole : named;
  if (chosen.name.empty() || chosen.path.empty()) {
    throw UserError("'{}': expected a path, or NAME=PATH", argument);
  }
  return chosen;
}

void check_folder_name(const std::string& name, const std::string& what) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw UserError("{}: '{}' cannot be the name of a folder of results; give it another as NAME=PATH", what, name);
  }
}

std::vector<NamedPath> named_paths(const std::vector<std::string>& arguments) {
  std::vector<NamedPath> paths;
  for (const std::string& argument : arguments) {
    paths.push_back(NamedPath::parse(argument));
  }
  return paths;
}

}  // namespace samsr
