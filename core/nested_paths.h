#pragma once
// Where two paths lie to each other, by what the file system says: links and ".." do not hide it.

#include <filesystem>

namespace samsr {

/// True when `inner` is `outer` or lies below it; neither need exist. An empty path is the current folder.
bool is_within(const std::filesystem::path& inner, const std::filesystem::path& outer);

/// UserError when `out`, which is to be written, is the file `input` that is read, by whatever name, links too. Neither
/// need exist.
void check_not_replaced(const std::filesystem::path& input, const std::filesystem::path& out);

}  // namespace samsr
