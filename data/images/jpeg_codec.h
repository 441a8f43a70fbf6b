#pragma once

#include <string>
#include <string_view>

#include "data/images/codec.h"

namespace samsr {

/// True for the first bytes of a JPEG file.
bool is_jpeg(std::string_view file);

/// Grey, RGB, YCbCr, CMYK or YCCK JPEG of 8 bits, baseline or progressive, to grey or RGB; inks become RGB without
/// their profile. A file whose picture is whole but for the end marker is read. UserError naming the file (`name`) and
/// the reason: it ends early or is damaged, a scan is missing, it passes the limits, it is of a kind that is not read
/// (arithmetic coding, 12 bits, lossless).
DecodedPicture decode_jpeg(std::string_view file, const std::string& name, const ImageLimits& limits);

}  // namespace samsr
