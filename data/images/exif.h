#pragma once

#include <string_view>

namespace samsr {

/// Orientation (1 … 8) that an EXIF block, with or without the mark "Exif" before it, gives; 1 when it has none, or
/// none that makes sense.
int exif_orientation(std::string_view block);

}  // namespace samsr
