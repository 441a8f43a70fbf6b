#include "data/images/colour_profile.h"

#include <cstddef>
#include <string_view>

namespace samsr {
namespace {

// ICC.1:2010, 7.2.
constexpr std::size_t kHeader = 128;
constexpr std::size_t kColourSpace = 16;
constexpr std::size_t kProfileSignature = 36;
/// 255 segments of 65535 bytes without length, signature, number and count.
constexpr std::size_t kMostInJpeg = std::size_t{255} * (65535 - 2 - 14);

}  // namespace

bool sound_profile(const std::string& profile) {
  if (profile.size() <= kHeader || std::string_view(profile).substr(kProfileSignature, 4) != "acsp") {
    return false;
  }
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length = length << 8 | static_cast<unsigned char>(profile[i]);
  }
  return length > kHeader && length <= profile.size();
}

bool profile_fits(const std::string& profile, int channels) {
  return profile.size() > kHeader && profile.size() <= kMostInJpeg &&
         std::string_view(profile).substr(kColourSpace, 4) == (channels <= 2 ? "GRAY" : "RGB ");
}

}  // namespace samsr
