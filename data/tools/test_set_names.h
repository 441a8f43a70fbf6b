#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace samsr {

/// Name of a picture of a test set, its file's without folders and extension → the photograph's path below the folder.
using TestSetNames = std::map<std::string, std::string>;

/// The images below `folder`, sorted by their paths' bytes as Python sorts them. UserError as walk_images, and when
/// there are none.
std::vector<std::string> sorted_photographs(const std::filesystem::path& folder);

/// Photographs by their names. UserError naming two that would have the same.
TestSetNames names_of(const std::vector<std::string>& photographs);

/// Those of `photographs` whose names the text file `list` has, one a line (folders and extension do not count, empty
/// lines neither). UserError for a list without names, a name that stands there twice, and names that no photograph has
/// (their number, and the first three) or several have.
TestSetNames listed_photographs(const std::vector<std::string>& photographs, const std::filesystem::path& list);

/// Whether these are the 50,000 pictures of ImageNet's validation set in the folders of their classes
/// (n01440764/ILSVRC2012_val_00000293.JPEG), which is how the published test set was chosen from them.
bool is_imagenet_in_classes(const std::vector<std::string>& photographs);

}  // namespace samsr
