#pragma once
// Folders of images that belong together: matched by name, never by position.

#include <filesystem>
#include <map>
#include <string>

namespace samsr {

/// Images of one folder by name: the path below the folder without its extension.
using ImageSet = std::map<std::string, std::filesystem::path>;

/// Lists `folder`, called `role` in messages ("results", "references"). UserError when it is missing or
/// holds no image, holds a file that is none (hidden files aside), or two files of the same name.
ImageSet list_image_set(const std::filesystem::path& folder, const std::string& role);

/// UserError unless both sets hold the same names; it lists the first three that one of them lacks.
void check_same_names(const ImageSet& set, const std::filesystem::path& folder, const ImageSet& expected,
                      const std::filesystem::path& expected_folder);

}  // namespace samsr
