#include "data/images/colour_profile.h"

#include <webp/mux.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace samsr {
namespace {

/// Of a profile in one JPEG segment: 65535 without length, signature, number and count.
constexpr std::size_t kSegment = 65535 - 2 - 14;
constexpr std::size_t kMostSegments = 255;

std::string big_endian(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) {
    text += static_cast<char>(value >> (8 * i) & 0xFF);
  }
  return text;
}

const Bytef* zlib_bytes(const std::string& text) { return reinterpret_cast<const Bytef*>(text.data()); }

std::string png_with(const std::string& file, const std::string& profile) {
  uLongf size = ::compressBound(profile.size());
  std::string packed(size, '\0');
  if (::compress(reinterpret_cast<Bytef*>(packed.data()), &size, zlib_bytes(profile), profile.size()) != Z_OK) {
    throw std::runtime_error("zlib cannot pack a colour profile");
  }
  packed.resize(size);
  // Type, then the profile's name, a zero, method 0, the packed profile: what the checksum is over.
  const std::string chunk = "iCCP" + std::string("ICC profile\0\0", 13) + packed;
  const std::string checksum = big_endian(::crc32(0, zlib_bytes(chunk), static_cast<uInt>(chunk.size())), 4);
  constexpr std::size_t kAfterHeader = 8 + 25;  // signature, IHDR
  std::string with = file;
  return with.insert(kAfterHeader, big_endian(chunk.size() - 4, 4) + chunk + checksum);
}

std::string jpeg_with(const std::string& file, const std::string& profile) {
  const std::size_t pieces = (profile.size() + kSegment - 1) / kSegment;
  std::string segments;
  for (std::size_t i = 0; i < pieces; ++i) {
    const std::string piece = profile.substr(i * kSegment, kSegment);
    segments += "\xFF\xE2" + big_endian(piece.size() + 16, 2) + std::string("ICC_PROFILE\0", 12) +
                big_endian(i + 1, 1) + big_endian(pieces, 1) + piece;
  }
  // Behind the JFIF segment, which has to come first.
  const bool jfif = static_cast<unsigned char>(file[3]) == 0xE0;
  const auto length = [&](std::size_t at) {
    return static_cast<std::size_t>(static_cast<unsigned char>(file[at])) << 8 |
           static_cast<unsigned char>(file[at + 1]);
  };
  std::string with = file;
  return with.insert(jfif ? 4 + length(4) : 2, segments);
}

std::string webp_with(const std::string& file, const std::string& profile) {
  const auto data = [](const std::string& bytes) {
    return WebPData{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  };
  const WebPData picture = data(file);
  const WebPData chunk = data(profile);
  const std::unique_ptr<WebPMux, void (*)(WebPMux*)> mux(WebPMuxCreate(&picture, 0), WebPMuxDelete);
  WebPData assembled{};
  if (mux == nullptr || WebPMuxSetChunk(mux.get(), "ICCP", &chunk, 0) != WEBP_MUX_OK ||
      WebPMuxAssemble(mux.get(), &assembled) != WEBP_MUX_OK) {
    throw std::runtime_error("libwebp cannot add a colour profile");
  }
  std::string with(reinterpret_cast<const char*>(assembled.bytes), assembled.size);
  WebPDataClear(&assembled);
  return with;
}

}  // namespace

bool profile_fits(const std::string& profile, int channels) {
  constexpr std::size_t kColourSpace = 16;  // ICC.1:2010, 7.2.6
  return profile.size() > 128 && profile.size() <= kSegment * kMostSegments &&
         std::string_view(profile).substr(kColourSpace, 4) == (channels == 1 ? "GRAY" : "RGB ");
}

std::string with_profile(const std::string& file, ImageFormat format, const std::string& profile) {
  switch (format) {
    case ImageFormat::kJpeg:
      return jpeg_with(file, profile);
    case ImageFormat::kWebp:
      return webp_with(file, profile);
    case ImageFormat::kTiff:
    case ImageFormat::kPng:
      break;
  }
  return png_with(file, profile);
}

}  // namespace samsr
