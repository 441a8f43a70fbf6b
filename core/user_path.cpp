#include "core/user_path.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "core/error.h"

namespace samsr {
namespace {

bool begins_name(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') || character == '_';
}

bool continues_name(char character) { return begins_name(character) || (character >= '0' && character <= '9'); }

/// Whether `$` at `at` begins more than itself.
bool begins_variable(const std::string& text, std::size_t at) {
  return text[at] == '$' && at + 1 < text.size() &&
         (begins_name(text[at + 1]) || text[at + 1] == '{' || text[at + 1] == '(');
}

/// Home of `user`, of whoever runs the program where it is empty; empty when there is none.
std::string home_of(const std::string& user) {
  const char* home = user.empty() ? std::getenv("HOME") : nullptr;
  if (home != nullptr && *home != '\0') {
    return home;
  }
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> memory{};
  if (user.empty()) {
    ::getpwuid_r(::getuid(), &entry, memory.data(), memory.size(), &found);
  } else {
    ::getpwnam_r(user.c_str(), &entry, memory.data(), memory.size(), &found);
  }
  return found != nullptr && found->pw_dir != nullptr ? found->pw_dir : "";
}

std::string with_home(const std::string& typed) {
  if (!typed.starts_with('~')) {
    return typed;
  }
  const std::string user = typed.substr(1, typed.find('/') == std::string::npos ? typed.size() : typed.find('/') - 1);
  const std::string home = home_of(user);
  if (home.empty()) {
    throw UserError("~{} is nobody's home; write ./{} for a file or folder of that name", user, typed);
  }
  return home + typed.substr(1 + user.size());
}

std::string value_of(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    throw UserError("${} is not set in the environment; set it, or write the path out", name);
  }
  return value;
}

}  // namespace

std::string user_path(const std::string& typed) {
  if (typed.find('\0') != std::string::npos) {
    throw UserError("a path cannot hold a zero byte");
  }
  const std::string text = with_home(typed);
  std::string path;
  for (std::size_t at = 0; at < text.size();) {
    if (!begins_variable(text, at)) {
      path += text[at++];
      continue;
    }
    const bool braces = text[at + 1] == '{';
    const std::size_t begin = at + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && continues_name(text[end])) {
      ++end;
    }
    if (end == begin || !begins_name(text[begin]) || (braces && (end == text.size() || text[end] != '}'))) {
      throw UserError("of '{}' only $NAME and ${{NAME}} are read; write the path out", text.substr(at));
    }
    path += value_of(text.substr(begin, end - begin));
    at = end + (braces ? 1 : 0);
  }
  bool again = path.starts_with('~');
  for (std::size_t at = 0; at < path.size(); ++at) {
    again = again || begins_variable(path, at);
  }
  if (again) {
    throw UserError("'{}' stands for '{}', which has ~ or $ in it again; write the path out", typed, path);
  }
  return path;
}

}  // namespace samsr
