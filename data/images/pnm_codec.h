#pragma once

#include <string>
#include <string_view>

#include "data/images/codec.h"

namespace samsr {

/// True for the first bytes of a Netpbm file: PBM, PGM, PPM (P1 … P6), PAM (P7), and the PFM that is refused.
bool is_pnm(std::string_view file);

/// The first picture of a Netpbm file, plain or raw: bits as 0 and 255, other values scaled from 0 … maxval to
/// 0 … 255, or to 0 … 65535 where maxval is above 255, rounded. UserError naming the file (`name`) and the reason: its
/// header is damaged, it ends early, a value is above maxval, it passes the limits, it is PFM (floating point).
DecodedPicture decode_pnm(std::string_view file, const std::string& name, const ImageLimits& limits);

}  // namespace samsr
