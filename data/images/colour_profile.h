#pragma once
// ICC profiles, of which samsr reads the header only.

#include <string>

namespace samsr {

/// True for what has a profile's header: its own length, at most the file's, and its signature.
bool sound_profile(const std::string& profile);

/// True when the profile describes pictures of one and two channels (GRAY) or of three and four (RGB), as `channels`
/// says, and is not too long for JPEG's segments (16 MB).
bool profile_fits(const std::string& profile, int channels);

}  // namespace samsr
