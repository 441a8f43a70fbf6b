#pragma once
// A TIFF file's header and directories as they lie in the file. libtiff leaves out a tag that it cannot read, and takes
// indices of colours for greys then.

#include <cstdint>
#include <string>
#include <string_view>

#include "data/images/tiff_handle.h"

namespace samsr {

/// Of the first directory; UserError naming the file when it ends before that. `file` begins as is_tiff() says.
std::uint64_t first_tiff_directory(std::string_view file, const std::string& name);

/// UserError when the tags of one of the first `most_directories` directories say that they have more bytes together
/// than the file: libtiff copies each of them, known or not, as soon as it reads the directory.
void check_tiff_tags(std::string_view file, const std::string& name, int most_directories);

/// UserError when a tag of the handle's current directory on which the pixels or their meaning depend has its values
/// beyond the file's end, or when there are indices of colours and libtiff has no palette for them.
void check_tiff_directory(std::string_view file, TIFF* handle, const std::string& name);

}  // namespace samsr
