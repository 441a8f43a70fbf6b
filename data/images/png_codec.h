#pragma once

#include <string>
#include <string_view>

#include "data/images/codec.h"

namespace samsr {

/// True for the first bytes of a PNG file, also of one whose line ends were changed.
bool is_png(std::string_view file);

/// PNG of every colour type and depth: fewer than 8 bits become 8, a palette RGB, a transparent colour alpha. Of an
/// animation, the picture that programs without animations show. A file that has all but its end chunk is read.
/// UserError naming the file (`name`) and the reason: it ends early or is damaged, it passes the limits.
DecodedPicture decode_png(std::string_view file, const std::string& name, const ImageLimits& limits);

}  // namespace samsr
