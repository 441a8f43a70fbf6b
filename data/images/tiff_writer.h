#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/images/image_writer.h"

namespace samsr {

/// A writer of `path` as TIFF: strips, Deflate with differences along the row; grey or RGB, alpha straight, 8 or 16
/// bits; BigTIFF where the pixels alone come near to 4 GB. UserError when the file cannot be made.
std::unique_ptr<ImageWriter> make_tiff_writer(const std::filesystem::path& path, const PictureLayout& layout,
                                              const std::string& profile, BeforeRename before_rename = {});

}  // namespace samsr
