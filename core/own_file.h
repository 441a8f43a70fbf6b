#pragma once

#include <filesystem>
#include <string_view>

#include "core/error.h"

namespace samsr {

/// Whether `path` is a file that says `format` ("samsr-results/") near its beginning, as files of samsr do.
/// UserError when it cannot be read.
bool is_own_file(const std::filesystem::path& path, std::string_view format);

/// UserError where something lies at `path` that is_own_file() does not know, and that samsr would replace. A file that
/// is empty, or zeroes since a power failure, is nobody's.
void check_own_file(const std::filesystem::path& path, std::string_view format);

/// That `path` is somebody else's and would be replaced.
UserError foreign_file_error(const std::filesystem::path& path);

}  // namespace samsr
