#include "core/nested_paths.h"

#include <algorithm>

#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Without links, "." and "..", and without a slash at the end; made absolute where nothing of it exists.
fs::path resolved_path(const fs::path& path) {
  fs::path resolved = fs::weakly_canonical(fs::current_path() / path);
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

}  // namespace

fs::path absolute_path(const fs::path& path) {
  fs::path absolute;
  fs::path last;
  for (const fs::path& part : fs::current_path() / path) {
    if (part == "..") {
      std::error_code unreadable;
      if (fs::is_symlink(absolute, unreadable)) {
        absolute = fs::weakly_canonical(absolute);
      }
      absolute = absolute.parent_path();
    } else if (part != "." && !part.empty()) {
      absolute /= part;
    }
    last = part;
  }
  return last.empty() || last == "." || last == ".." ? absolute / "" : absolute;
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  const fs::path below = resolved_path(inner);
  const fs::path above = resolved_path(outer);
  return std::mismatch(above.begin(), above.end(), below.begin(), below.end()).first == above.end();
}

void check_not_replaced(const fs::path& input, const fs::path& out) {
  std::error_code absent;
  if (fs::equivalent(input, out, absent)) {
    throw UserError("{}: is read ({}), and would be replaced by what is written; name another file", out.string(),
                    input.string());
  }
}

}  // namespace samsr
