#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "core/settings.h"

namespace samsr {

/// "key: value" lines of the settings whose key `choose` accepts, in their order, for Stage::content().
std::string setting_lines(const Settings& settings, const std::function<bool(const std::string& key)>& choose);

/// "name: 1a2b3c4d": the CRC-32C of a file, such as weights, as a line for Stage::content(); empty when `path` is.
/// UserError when the file cannot be read.
std::string file_line(const std::string& name, const std::filesystem::path& path);

}  // namespace samsr
