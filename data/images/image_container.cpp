#include "data/images/image_container.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <map>

namespace samsr {
namespace {

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kExifSignature("Exif\0\0", 6);
constexpr std::string_view kProfileSignature("ICC_PROFILE\0", 12);
/// Above the largest profiles in use; what claims more is no profile.
constexpr std::size_t kLargestProfile = std::size_t{16} << 20;

/// Unsigned integer of `bytes` bytes at `at`; 0 beyond the end.
std::uint32_t number(std::string_view text, std::size_t at, int bytes, bool big_endian) {
  if (at > text.size() || text.size() - at < static_cast<std::size_t>(bytes)) {
    return 0;
  }
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) {
    const int from = big_endian ? i : bytes - 1 - i;
    value = (value << 8) | static_cast<unsigned char>(text[at + static_cast<std::size_t>(from)]);
  }
  return value;
}

/// Tag 0x0112 of the first directory of a TIFF block (EXIF 2.32, 4.6.4); 1 when it has none.
int tiff_orientation(std::string_view tiff) {
  if (tiff.starts_with(kExifSignature)) {
    tiff.remove_prefix(kExifSignature.size());
  }
  const bool big = tiff.starts_with("MM");
  if (!big && !tiff.starts_with("II")) {
    return 1;
  }
  const std::size_t directory = number(tiff, 4, 4, big);
  const std::uint32_t entries = number(tiff, directory, 2, big);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + 12 * static_cast<std::size_t>(i);
    if (number(tiff, entry, 2, big) == 0x0112) {
      const auto value = static_cast<int>(number(tiff, entry + 8, 2, big));
      return value >= 1 && value <= 8 ? value : 1;
    }
  }
  return 1;
}

bool is_frame_header(int marker) {  // SOF0 … SOF15 without DHT, JPG and DAC
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// Position of the next marker's 0xFF at or after `at`, past entropy-coded data, stuffed zeros, restarts
/// and fill bytes.
std::size_t next_marker(std::string_view file, std::size_t at) {
  for (; at + 1 < file.size(); ++at) {
    const auto code = static_cast<unsigned char>(file[at + 1]);
    const bool restart = code >= 0xD0 && code <= 0xD7;
    if (file[at] == '\xFF' && code != 0 && code != 0xFF && !restart) {
      return at;
    }
  }
  return std::string_view::npos;
}

/// The pieces of a profile by number, each out of `count` (ICC.1:2010, B.4), joined; empty unless all are there.
std::string join_profile(const std::map<int, std::string_view>& pieces, int count) {
  std::string profile;
  for (int i = 1; i <= count; ++i) {
    const auto piece = pieces.find(i);
    if (piece == pieces.end()) {
      return {};
    }
    profile += piece->second;
  }
  return profile;
}

/// The profile of an iCCP chunk: a name, a zero, the method (0: zlib), the packed profile.
std::string unpack_profile(std::string_view chunk) {
  const std::size_t name_end = chunk.find('\0');
  if (name_end == std::string_view::npos || name_end + 2 > chunk.size() || chunk[name_end + 1] != 0) {
    return {};
  }
  const std::string_view packed = chunk.substr(name_end + 2);
  for (std::size_t room = std::size_t{1} << 14; room <= kLargestProfile; room *= 4) {
    std::string profile(room, '\0');
    uLongf size = room;
    const int result = ::uncompress(reinterpret_cast<Bytef*>(profile.data()), &size,
                                    reinterpret_cast<const Bytef*>(packed.data()), packed.size());
    if (result == Z_OK) {
      profile.resize(size);
      return profile;
    }
    if (result != Z_BUF_ERROR) {
      break;
    }
  }
  return {};
}

ImageContainer read_jpeg(std::string_view file) {
  ImageContainer container{.format = "JPEG", .complete = false};
  std::map<int, std::string_view> profile;
  int profile_pieces = 0;
  std::size_t at = 2;
  while ((at = next_marker(file, at)) != std::string_view::npos) {
    const int marker = static_cast<unsigned char>(file[at + 1]);
    if (marker == 0xD9) {
      container.complete = true;
      break;
    }
    const std::string_view body = file.substr(at + 2);
    const std::uint32_t length = number(body, 0, 2, true);
    if (is_frame_header(marker)) {
      container.cmyk = number(body, 7, 1, true) == 4;
    } else if (marker == 0xE1 && length > 2 && body.substr(2).starts_with(kExifSignature)) {
      container.orientation = tiff_orientation(body.substr(2, length - 2));
    } else if (marker == 0xE2 && length > 16 && body.size() > 16 && body.substr(2).starts_with(kProfileSignature)) {
      profile.emplace(static_cast<unsigned char>(body[14]), body.substr(16, length - 16));
      profile_pieces = static_cast<unsigned char>(body[15]);
    }
    at += 2 + length;
  }
  container.profile = join_profile(profile, profile_pieces);
  return container;
}

ImageContainer read_png(std::string_view file) {
  ImageContainer container{.format = "PNG", .complete = false};
  std::size_t at = kPngSignature.size();
  while (at + 12 <= file.size() && !container.complete) {
    const std::size_t length = number(file, at, 4, true);
    const std::string_view type = file.substr(at + 4, 4);
    if (length > file.size() - at - 12) {
      break;
    }
    if (type == "eXIf") {
      container.orientation = tiff_orientation(file.substr(at + 8, length));
    } else if (type == "iCCP") {
      container.profile = unpack_profile(file.substr(at + 8, length));
    }
    container.complete = type == "IEND";
    at += 12 + length;
  }
  return container;
}

ImageContainer read_webp(std::string_view file) {
  ImageContainer container{.format = "WebP"};
  container.complete = file.size() >= 8 + static_cast<std::size_t>(number(file, 4, 4, false));
  std::size_t at = 12;
  while (at + 8 <= file.size()) {
    const std::size_t length = number(file, at + 4, 4, false);
    if (file.substr(at, 4) == "EXIF") {
      container.orientation = tiff_orientation(file.substr(at + 8, length));
    } else if (file.substr(at, 4) == "ICCP") {
      container.profile = file.substr(at + 8, length);
    }
    at += 8 + length + length % 2;
  }
  return container;
}

}  // namespace

ImageContainer read_container(std::string_view file) {
  if (file.starts_with("\xFF\xD8\xFF")) {
    return read_jpeg(file);
  }
  if (file.starts_with(kPngSignature)) {
    return read_png(file);
  }
  if (file.starts_with("RIFF") && file.size() >= 12 && file.substr(8, 4) == "WEBP") {
    return read_webp(file);
  }
  return {};
}

}  // namespace samsr
