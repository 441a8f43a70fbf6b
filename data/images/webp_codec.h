#pragma once

#include <string>
#include <string_view>

#include "data/images/codec.h"

namespace samsr {

/// True for the first bytes of a WebP file.
bool is_webp(std::string_view file);

/// Lossy or lossless WebP to RGB or RGB with alpha; of an animation, its first frame on its canvas. UserError naming
/// the file (`name`) and the reason: it ends early or is damaged, it passes the limits.
DecodedPicture decode_webp(std::string_view file, const std::string& name, const ImageLimits& limits);

}  // namespace samsr
