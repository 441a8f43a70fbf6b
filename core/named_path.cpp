#include "core/named_path.h"

#include "core/error.h"

namespace samsr {

NamedPath NamedPath::parse(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  NamedPath named;
  if (equals == std::string::npos) {
    named.path = argument;
    const std::filesystem::path clean = named.path.lexically_normal();
    named.name = (clean.has_filename() ? clean : clean.parent_path()).filename().string();
  } else {
    named.name = argument.substr(0, equals);
    named.path = argument.substr(equals + 1);
  }
  if (named.name.empty() || named.path.empty()) {
    throw UserError("'{}': expected a path, or NAME=PATH", argument);
  }
  return named;
}

std::vector<NamedPath> named_paths(const std::vector<std::string>& arguments) {
  std::vector<NamedPath> paths;
  for (const std::string& argument : arguments) {
    paths.push_back(NamedPath::parse(argument));
  }
  return paths;
}

}  // namespace samsr
