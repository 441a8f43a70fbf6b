#pragma once
// Where two paths lie to each other, by what the file system says: links and ".." do not hide it.

#include <filesystem>

namespace samsr {

/// True when `inner` is `outer` or lies below it; neither need exist. An empty path is the current folder.
bool is_within(const std::filesystem::path& inner, const std::filesystem::path& outer);

}  // namespace samsr
