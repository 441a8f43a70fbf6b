#include "data/images/tiff_codec.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "data/images/empty_alpha.h"
#include "data/images/tiff_directory.h"
#include "data/images/tiff_handle.h"
#include "data/images/tiff_layout.h"
#include "data/images/tiff_pixels.h"

namespace samsr {
namespace {

constexpr int kMostPagesCounted = 1000;

/// Opens the file at its first directory.
TiffHandle opened_tiff(std::string_view file, TiffMemory& memory, TiffMessages& messages, const std::string& name) {
  check_tiff_tags(file, name, kMostPagesCounted + 1);
  // What libtiff needs at once is no longer than a part of the file, but for a row of a wide picture.
  constexpr std::int64_t kLeast = std::int64_t{256} << 20;
  TiffHandle handle = open_tiff("r", memory.callbacks(), messages, kLeast + static_cast<std::int64_t>(file.size()) * 2);
  if (!handle) {
    throw UserError("{}: damaged TIFF file: {}", name, messages.error);
  }
  return handle;
}

bool is_full_page(TIFF* file) {
  std::uint32_t kind = 0;
  std::uint16_t photometric = PHOTOMETRIC_RGB;
  TIFFGetField(file, TIFFTAG_SUBFILETYPE, &kind);
  TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &photometric);
  return (kind & (FILETYPE_REDUCEDIMAGE | FILETYPE_MASK)) == 0 && photometric != PHOTOMETRIC_MASK;
}

/// A camera's raw file: its pages are previews, and the picture lies below them.
void refuse_raw(TIFF* file, bool only_previews, const std::string& name) {
  std::uint16_t count = 0;
  const void* values = nullptr;
  const bool below = TIFFGetField(file, TIFFTAG_SUBIFD, &count, &values) == 1;
  const std::uint8_t* version = nullptr;
  if (TIFFGetField(file, TIFFTAG_DNGVERSION, &version) == 1 || (only_previews && below)) {
    throw UserError("{}: is a camera's raw picture; develop it to RGB", name);
  }
}

/// Makes the first full page current; if all are thumbnails or masks, the first.
void choose_page(TIFF* file, TiffMessages& messages, const std::string& name, std::vector<std::string>& remarks) {
  int pages = 0;
  int full = 0;
  int chosen = -1;
  bool damaged = false;
  bool more = true;
  while (more && pages < kMostPagesCounted) {
    if (is_full_page(file)) {
      chosen = chosen < 0 ? pages : chosen;
      ++full;
    }
    ++pages;
    more = TIFFLastDirectory(file) == 0;
    if (more && TIFFReadDirectory(file) != 1) {
      damaged = true;
      break;
    }
  }
  if (pages > 1 || damaged) {
    messages = {};
    if (TIFFSetDirectory(file, static_cast<tdir_t>(std::max(chosen, 0))) != 1) {
      throw UserError("{}: damaged TIFF file: {}", name, messages.error);
    }
  }
  refuse_raw(file, full == 0, name);
  if (full == 0) {
    remarks.emplace_back("only a thumbnail or a mask");
  }
  if (full > 1) {
    remarks.push_back(fmt::format("first of {}{} pages", more && !damaged ? "more than " : "", full));
  }
  if (damaged) {
    remarks.emplace_back("a further page is damaged");
  }
}

/// Programs write alpha without saying so, and empty fourth bytes.
void settle_unsaid_alpha(DecodedPicture& picture) {
  if (alpha_is_empty(picture.pixels)) {
    picture.pixels = without_alpha(picture.pixels);
    picture.remarks.emplace_back("an empty extra channel left out");
  } else {
    picture.remarks.emplace_back("an extra channel without a meaning taken for alpha");
  }
}

void read_tiff_profile(TIFF* file, const TiffLayout& layout, DecodedPicture& picture) {
  std::uint32_t size = 0;
  const void* profile = nullptr;
  const bool found = TIFFGetField(file, TIFFTAG_ICCPROFILE, &size, &profile) == 1 && size > 0;
  if (layout.colour == TiffColour::kCmyk) {
    picture.remarks.emplace_back(found ? "CMYK became RGB without its colour profile" : "CMYK became RGB");
  } else if (found) {
    picture.profile.assign(static_cast<const char*>(profile), size);
  }
}

}  // namespace

bool is_tiff(std::string_view file) {
  using namespace std::string_view_literals;
  const std::string_view start = file.substr(0, 4);
  return start == "II*\0"sv || start == "MM\0*"sv || start == "II+\0"sv || start == "MM\0+"sv;
}

DecodedPicture decode_tiff(std::string_view file, const std::string& name, const ImageLimits& limits) {
  TiffMessages messages;
  TiffMemory memory(file);
  const TiffHandle handle = opened_tiff(file, memory, messages, name);
  DecodedPicture picture;
  choose_page(handle.get(), messages, name, picture.remarks);
  check_tiff_directory(file, handle.get(), name);
  const TiffLayout layout = read_tiff_layout(handle.get(), name);
  check_limits(name, layout.picture(), layout.bytes_a_pixel(), limits);
  check_tiff_blocks(handle.get(), layout, file.size(), name);
  std::uint16_t orientation = ORIENTATION_TOPLEFT;
  TIFFGetField(handle.get(), TIFFTAG_ORIENTATION, &orientation);
  picture.orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
  read_tiff_profile(handle.get(), layout, picture);
  picture.pixels = read_tiff_pixels(handle.get(), layout, messages, name);
  if (layout.left_out() > 0) {
    picture.remarks.push_back(fmt::format("{} extra channels left out", layout.left_out()));
  }
  if (layout.alpha == TiffAlpha::kUnsaid) {
    settle_unsaid_alpha(picture);
  }
  return picture;
}

}  // namespace samsr
