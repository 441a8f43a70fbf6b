#pragma once

#include <string>
#include <string_view>

#include "data/images/codec.h"

namespace samsr {

/// True for the first bytes of a TIFF or BigTIFF file of either byte order.
bool is_tiff(std::string_view file);

/// The first full picture of a TIFF file, whatever its arrangement and compression (those that libtiff has):
/// grey, RGB, palette, CMYK and YCbCr of 1 … 16 bits. Bits up to 8 are scaled to 8, more to 16. Alpha becomes
/// straight; a single extra channel without a meaning is taken for alpha unless it is 0 everywhere. UserError naming
/// the file (`name`) and the reason: it ends early or is damaged, passes the limits, has pixels of another kind.
DecodedPicture decode_tiff(std::string_view file, const std::string& name, const ImageLimits& limits);

}  // namespace samsr
