#include "data/images/foreign_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace samsr {
namespace {

struct Signature {
  std::string_view bytes;
  const char* name;
};

using std::string_view_literals::operator""sv;

/// Pictures of other formats.
constexpr std::array kPictures{
    Signature{"GIF87a"sv, "a GIF picture"},
    Signature{"GIF89a"sv, "a GIF picture"},
    Signature{"\xFF\x0A"sv, "a JPEG XL picture"},
    Signature{"\0\0\0\x0CJXL \r\n\x87\n"sv, "a JPEG XL picture"},
    Signature{"\0\0\0\x0CjP  \r\n\x87\n"sv, "a JPEG 2000 picture"},
    Signature{"\xFF\x4F\xFF\x51"sv, "a JPEG 2000 picture"},
    Signature{"II\xBC"sv, "a JPEG XR picture"},
    Signature{"8BPS"sv, "a Photoshop file"},
    Signature{"\x76\x2F\x31\x01"sv, "an OpenEXR picture"},
    Signature{"#?RADIANCE"sv, "a Radiance picture"},
    Signature{"#?RGBE"sv, "a Radiance picture"},
    Signature{"\x59\xA6\x6A\x95"sv, "a Sun raster picture"},
    Signature{"\0\0\1\0"sv, "an icon"},
    Signature{"DDS "sv, "a DDS texture"},
    Signature{"qoif"sv, "a QOI picture"},
    Signature{"gimp xcf"sv, "a GIMP file"},
    Signature{"FUJIFILMCCD-RAW"sv, "a camera's raw picture"},
};

/// Files that hold no picture, or not by itself.
constexpr std::array kOthers{
    Signature{"%PDF"sv, "is a PDF document, not a picture: export its pages as PNG"},
    Signature{"version https://git-lfs"sv, "is a Git LFS pointer, not a picture: run git lfs pull"},
    Signature{"PK\3\4"sv, "is a ZIP archive, not a picture: unpack it"},
    Signature{"\x1F\x8B"sv, "is a gzip archive, not a picture: unpack it"},
    Signature{"\x1A\x45\xDF\xA3"sv, "is a video, not a picture: take pictures from it first"},
    Signature{"\x93NUMPY"sv, "is a NumPy array, not a picture: write it as PNG"},
};

/// The name of the picture or video in an ISO media file (ftyp), by its main brand and those that it agrees with.
std::string_view media_name(std::string_view file) {
  const std::size_t size = static_cast<unsigned char>(file[3]);  // brands fit in 255 bytes
  const std::string_view brands = file.substr(8, std::max<std::size_t>(size, 12) - 8);
  const auto has = [&](std::string_view brand) { return brands.find(brand) != std::string_view::npos; };
  if (has("avif") || has("avis")) {
    return "an AVIF picture";
  }
  if (has("heic") || has("heix") || has("hevc") || has("heim") || has("heis") || has("mif1") || has("msf1")) {
    return "a HEIC picture";
  }
  return has("crx ") ? "a camera's raw picture" : "";
}

std::string lower_beginning(std::string_view file) {
  std::string text(file.substr(0, 256));
  text.erase(0, std::min(text.find_first_not_of("\xEF\xBB\xBF \t\r\n"), text.size()));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string not_read(std::string_view name) {
  return fmt::format("is {}, which samsr does not read; convert it to PNG", name);
}

}  // namespace

std::string describe_foreign_file(std::string_view file) {
  const auto begins = [&](const Signature& each) { return file.starts_with(each.bytes); };
  if (const auto* picture = std::find_if(kPictures.begin(), kPictures.end(), begins); picture != kPictures.end()) {
    return not_read(picture->name);
  }
  if (const auto* other = std::find_if(kOthers.begin(), kOthers.end(), begins); other != kOthers.end()) {
    return other->name;
  }
  if (file.size() >= 12 && file.substr(4, 4) == "ftyp") {
    const std::string_view name = media_name(file);
    return name.empty() ? "is a video, not a picture: take pictures from it first" : not_read(name);
  }
  const std::string text = lower_beginning(file);
  if (text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<head")) {
    return "is an HTML page, not a picture: was the download refused?";
  }
  if (text.starts_with("<svg") || (text.starts_with("<?xml") && text.find("<svg") != std::string::npos)) {
    return not_read("an SVG drawing");
  }
  return "not an image of a known format";
}

}  // namespace samsr
