#pragma once

#include <string>
#include <string_view>

#include "data/images/codec.h"

namespace samsr {

/// True for the first bytes of a Windows or OS/2 bitmap.
bool is_bmp(std::string_view file);

/// A bitmap of 1 … 32 bits, with palette, fields of bits or run lengths. Grey when its palette is; 16 bits when a
/// colour has more than 8; alpha only where the header has a mask for it. UserError naming the file (`name`) and the
/// reason: it ends early or is damaged, passes the limits, has JPEG or PNG inside.
DecodedPicture decode_bmp(std::string_view file, const std::string& name, const ImageLimits& limits);

}  // namespace samsr
