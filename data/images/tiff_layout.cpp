#include "data/images/tiff_layout.h"

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace samsr {
namespace {

template <class T>
T tiff_tag(TIFF* file, std::uint32_t tag, T otherwise) {
  T value = otherwise;
  return TIFFGetFieldDefaulted(file, tag, &value) == 1 ? value : otherwise;
}

std::int64_t rounded_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit; }

/// The kind of colour of files that do not say it, as libtiff's own viewer guesses.
std::uint16_t photometric_of(TIFF* file, const TiffLayout& layout) {
  std::uint16_t photometric = 0;
  if (TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &photometric) == 1) {
    return photometric;
  }
  const bool fax = layout.compression == COMPRESSION_CCITTRLE || layout.compression == COMPRESSION_CCITTRLEW ||
                   layout.compression == COMPRESSION_CCITTFAX3 || layout.compression == COMPRESSION_CCITTFAX4;
  return layout.samples >= 3 ? PHOTOMETRIC_RGB : fax ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK;
}

TiffColour tiff_colour_of(std::uint16_t photometric, const std::string& name) {
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
      return TiffColour::kWhiteIsZero;
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_MASK:
      return TiffColour::kBlackIsZero;
    case PHOTOMETRIC_RGB:
      return TiffColour::kRgb;
    case PHOTOMETRIC_PALETTE:
      return TiffColour::kPalette;
    case PHOTOMETRIC_SEPARATED:
      return TiffColour::kCmyk;
    case PHOTOMETRIC_YCBCR:
      return TiffColour::kYcbcr;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
      throw UserError("{}: has L*a*b* colours; convert it to RGB", name);
    case PHOTOMETRIC_LOGL:
    case PHOTOMETRIC_LOGLUV:
      throw UserError("{}: has pixels of high dynamic range (LogLuv); convert it to 8 or 16 bits", name);
    case PHOTOMETRIC_CFA:
    case 34892:  // LinearRaw of DNG
      throw UserError("{}: is a camera's raw picture; develop it to RGB", name);
    default:
      throw UserError("{}: has colours of an unknown kind (PhotometricInterpretation {})", name, photometric);
  }
}

void check_tiff_samples(TIFF* file, const TiffLayout& layout, const std::string& name) {
  const auto format = tiff_tag<std::uint16_t>(file, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  const char* kind = format == SAMPLEFORMAT_INT                                                  ? "signed integers"
                     : format == SAMPLEFORMAT_IEEEFP                                             ? "floating point"
                     : format == SAMPLEFORMAT_COMPLEXINT || format == SAMPLEFORMAT_COMPLEXIEEEFP ? "complex numbers"
                     : layout.bits > 16                                                          ? "integers"
                                                                                                 : nullptr;
  if (kind != nullptr) {
    throw UserError("{}: has pixels of {}-bit {}; convert it to 8 or 16 bits", name, layout.bits, kind);
  }
  if (layout.bits < 1 || layout.samples < layout.colour_samples()) {
    throw UserError("{}: damaged TIFF file: {} samples of {} bits a pixel do not fit its colours", name, layout.samples,
                    layout.bits);
  }
  if (layout.colour == TiffColour::kCmyk && tiff_tag<std::uint16_t>(file, TIFFTAG_INKSET, INKSET_CMYK) != INKSET_CMYK) {
    throw UserError("{}: has inks other than CMYK; convert it to RGB", name);
  }
}

void find_tiff_alpha(TIFF* file, TiffLayout& layout) {
  std::uint16_t count = 0;
  const std::uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(file, TIFFTAG_EXTRASAMPLES, &count, &kinds);
  const int extra = layout.samples - layout.colour_samples();
  for (int i = 0; i < std::min<int>(count, extra); ++i) {
    if (kinds[i] == EXTRASAMPLE_ASSOCALPHA || kinds[i] == EXTRASAMPLE_UNASSALPHA) {
      layout.alpha = kinds[i] == EXTRASAMPLE_ASSOCALPHA ? TiffAlpha::kAssociated : TiffAlpha::kStraight;
      layout.alpha_sample = layout.colour_samples() + i;
      return;
    }
  }
  if (extra == 1) {
    layout.alpha = TiffAlpha::kUnsaid;
    layout.alpha_sample = layout.colour_samples();
  }
}

void find_ycbcr_units(TIFF* file, TiffLayout& layout, const std::string& name) {
  std::uint16_t across = 2;
  std::uint16_t down = 2;
  TIFFGetFieldDefaulted(file, TIFFTAG_YCBCRSUBSAMPLING, &across, &down);
  const auto valid = [](int step) { return step == 1 || step == 2 || step == 4; };
  if (!valid(across) || !valid(down)) {
    throw UserError("{}: damaged TIFF file: {}x{} pixels share a colour", name, across, down);
  }
  if (layout.bits != 8 || layout.samples != 3 || (layout.planar && (across > 1 || down > 1))) {
    throw UserError("{}: has YCbCr colours in {} samples of {} bits{}; convert it to RGB", name, layout.samples,
                    layout.bits, layout.planar ? " in planes" : "");
  }
  layout.across = across;
  layout.down = down;
}

void find_tiff_blocks(TIFF* file, TiffLayout& layout, const std::string& name) {
  layout.tiled = TIFFIsTiled(file) != 0;
  if (layout.tiled) {
    layout.block_width = tiff_tag<std::uint32_t>(file, TIFFTAG_TILEWIDTH, 0);
    layout.block_height = tiff_tag<std::uint32_t>(file, TIFFTAG_TILELENGTH, 0);
  } else {
    layout.block_width = layout.width;
    layout.block_height = std::min<std::int64_t>(tiff_tag<std::uint32_t>(file, TIFFTAG_ROWSPERSTRIP, 0), layout.height);
  }
  constexpr std::int64_t kLongest = std::numeric_limits<std::int32_t>::max();
  const auto valid = [](std::int64_t side) { return side > 0 && side <= kLongest; };
  if (!valid(layout.width) || !valid(layout.height) || !valid(layout.block_width) || !valid(layout.block_height)) {
    throw UserError("{}: damaged TIFF file: {}x{} pixels in blocks of {}x{}", name, layout.width, layout.height,
                    layout.block_width, layout.block_height);
  }
}

}  // namespace

int TiffLayout::colour_samples() const {
  switch (colour) {
    case TiffColour::kRgb:
    case TiffColour::kYcbcr:
      return 3;
    case TiffColour::kCmyk:
      return 4;
    default:
      return 1;
  }
}

int TiffLayout::left_out() const { return samples - colour_samples() - (alpha == TiffAlpha::kNone ? 0 : 1); }

PictureLayout TiffLayout::picture() const {
  const bool grey = colour == TiffColour::kBlackIsZero || colour == TiffColour::kWhiteIsZero;
  return {.width = width,
          .height = height,
          .channels = (grey ? 1 : 3) + (alpha == TiffAlpha::kNone ? 0 : 1),
          .bits = bits > 8 && colour != TiffColour::kPalette ? 16 : 8};
}

std::int64_t TiffLayout::block_rows(std::int64_t top) const {
  return tiled ? block_height : std::min(block_height, height - top);
}

std::int64_t TiffLayout::block_bytes(std::int64_t rows) const {
  if (colour == TiffColour::kYcbcr && !planar) {
    return rounded_up(block_width, across) * rounded_up(rows, down) * (across * down + 2);
  }
  return rounded_up(block_width * bits * (planar ? 1 : samples), 8) * rows;
}

bool TiffLayout::lies_as_decoded() const {
  return !tiled && (!planar || samples == 1) && (bits == 8 || bits == 16) && left_out() == 0 &&
         alpha != TiffAlpha::kAssociated && (colour == TiffColour::kRgb || colour == TiffColour::kBlackIsZero);
}

double TiffLayout::bytes_a_pixel() const {
  const PictureLayout made = picture();
  const double result = made.channels * made.bits / 8.0;
  if (lies_as_decoded()) {
    return result;
  }
  const double block = static_cast<double>(block_width) * static_cast<double>(block_height);
  const double pixels = static_cast<double>(width) * static_cast<double>(height);
  // A block as libtiff decodes it, and its samples one by one; bits of a sample ≤ 16.
  return result + block / pixels * samples * (bits / 8.0 + (bits > 8 ? 2.0 : 1.0));
}

TiffLayout read_tiff_layout(TIFF* file, const std::string& name) {
  TiffLayout layout;
  layout.width = tiff_tag<std::uint32_t>(file, TIFFTAG_IMAGEWIDTH, 0);
  layout.height = tiff_tag<std::uint32_t>(file, TIFFTAG_IMAGELENGTH, 0);
  layout.bits = tiff_tag<std::uint16_t>(file, TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = tiff_tag<std::uint16_t>(file, TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.compression = tiff_tag<std::uint16_t>(file, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  // With one sample both arrangements are the same.
  layout.planar = layout.samples > 1 &&
                  tiff_tag<std::uint16_t>(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  layout.colour = tiff_colour_of(photometric_of(file, layout), name);
  if (TIFFIsCODECConfigured(static_cast<std::uint16_t>(layout.compression)) == 0) {
    throw UserError("{}: is compressed by a method that this libtiff does not have (Compression {})", name,
                    layout.compression);
  }
  find_tiff_blocks(file, layout, name);
  check_tiff_samples(file, layout, name);
  if (layout.colour == TiffColour::kYcbcr && layout.compression == COMPRESSION_JPEG && !layout.planar) {
    TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout.colour = TiffColour::kRgb;
  }
  if (layout.colour == TiffColour::kYcbcr) {
    find_ycbcr_units(file, layout, name);
  }
  find_tiff_alpha(file, layout);
  return layout;
}

void check_tiff_blocks(TIFF* file, const TiffLayout& layout, std::uint64_t file_size, const std::string& name) {
  const char* kind = layout.tiled ? "tile" : "strip";
  const std::uint32_t blocks = layout.tiled ? TIFFNumberOfTiles(file) : TIFFNumberOfStrips(file);
  const std::int64_t strips = rounded_up(layout.height, layout.block_height);
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const std::uint64_t offset = TIFFGetStrileOffset(file, block);
    const std::uint64_t bytes = TIFFGetStrileByteCount(file, block);
    if (bytes > file_size || offset > file_size - bytes) {
      throw UserError("{}: the TIFF file ends early (truncated?)", name);
    }
    // Old JPEG keeps its data where other tags say.
    if (layout.compression != COMPRESSION_OJPEG && (offset == 0 || bytes == 0)) {
      throw UserError("{}: damaged TIFF file: {} {} of {} is missing", name, kind, block + 1, blocks);
    }
    if (layout.compression == COMPRESSION_NONE) {
      const std::int64_t top = layout.tiled ? 0 : block % strips * layout.block_height;
      if (bytes < static_cast<std::uint64_t>(layout.block_bytes(layout.block_rows(top)))) {
        throw UserError("{}: damaged TIFF file: {} {} of {} is too short", name, kind, block + 1, blocks);
      }
    }
  }
}

}  // namespace samsr
