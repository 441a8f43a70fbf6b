#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace samsr {

/// Calls `visit` with the path, relative to `folder`, of every file below it that has an image's extension: in the
/// order of the paths' parts, folders and files together, links followed (but not back into a folder one is in),
/// hidden files and folders left out. Holds the names of one folder a level, however many files there are.
/// UserError when the folder is missing, is none, or a part of it cannot be read.
void walk_images(const std::filesystem::path& folder, const std::function<void(const std::string&)>& visit);

}  // namespace samsr
