#pragma once
// Where two paths lie to each other, by what the file system says: links and ".." do not hide it.

#include <filesystem>

namespace samsr {

/// The absolute path, without "." and "..", which are resolved as the system does: "LINK/.." is the parent of where
/// LINK leads. Other links stay as they are named, and so does a slash at the end. Nothing of it need exist. An empty
/// path is the current folder.
std::filesystem::path absolute_path(const std::filesystem::path& path);

/// True when `inner` is `outer` or lies below it; neither need exist. An empty path is the current folder.
bool is_within(const std::filesystem::path& inner, const std::filesystem::path& outer);

/// UserError when `out`, which is to be written, is the file `input` that is read, by whatever name, links too. Neither
/// need exist.
void check_not_replaced(const std::filesystem::path& input, const std::filesystem::path& out);

}  // namespace samsr
