#pragma once
// Folders of images that belong together: matched by name, never by position.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "eval/measure/input_problems.h"

namespace samsr {

/// Images of one folder by name: the path below the folder without its extension.
using ImageSet = std::map<std::string, std::filesystem::path>;

/// Lists `folder`, called `role` in messages ("results", "references"). UserError when it is missing or holds no image.
/// A problem: it holds a file that is no image (but for what a walk passes over, see walk_files), or two of the same
/// name, of which the first in the alphabet is kept.
ImageSet list_image_set(const std::filesystem::path& folder, const std::string& role, InputProblems& problems);

/// A problem unless both sets hold the same names; it lists the first three that one of them lacks.
void check_same_names(const ImageSet& set, const std::filesystem::path& folder, const ImageSet& expected,
                      const std::filesystem::path& expected_folder, InputProblems& problems);

/// The images of `set` whose names `wanted` has too.
ImageSet common_images(const ImageSet& set, const ImageSet& wanted);

/// "a, b, c and 4 more".
std::string first_few(const std::vector<std::string>& names);

}  // namespace samsr
