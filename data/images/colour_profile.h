#pragma once
// ICC profiles put into the files that OpenCV encodes.

#include <string>

#include "data/images/image_encoder.h"

namespace samsr {

/// True when the profile describes pictures of one channel (GRAY) or of three and four (RGB), as `channels` says, and
/// is not too long for JPEG's segments (16 MB).
bool profile_fits(const std::string& profile, int channels);

/// `file`, a whole file of `format` without a profile, with this one: PNG's iCCP chunk, JPEG's APP2 segments, WebP's
/// ICCP chunk.
std::string with_profile(const std::string& file, ImageFormat format, const std::string& profile);

}  // namespace samsr
