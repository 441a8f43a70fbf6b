#include "data/images/tiff_colour.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace samsr {
namespace {

/// A colour that was multiplied by alpha, as it was before.
template <class T>
T undivided(T colour, T alpha) {
  constexpr std::uint32_t kFull = std::numeric_limits<T>::max();
  return alpha == 0
             ? T{0}
             : static_cast<T>(std::min(kFull, (std::uint32_t{colour} * kFull + alpha / 2U) / std::uint32_t{alpha}));
}

/// What an ink and black let through.
template <class T>
T light(T ink, T black) {
  constexpr std::uint32_t kFull = std::numeric_limits<T>::max();
  return static_cast<T>(((kFull - ink) * (kFull - black) + kFull / 2U) / kFull);
}

std::uint8_t rounded_to_byte(float value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0F, 255.0F) + 0.5F); }

}  // namespace

TiffColours::TiffColours(TIFF* file, const TiffLayout& layout, const std::string& name) : layout_(layout) {
  const std::uint32_t most = (1U << layout.bits) - 1;
  const std::uint32_t full = layout.picture().bits == 16 ? 65535 : 255;
  scaled_.resize(std::size_t{most} + 1);
  for (std::uint32_t value = 0; value <= most; ++value) {
    scaled_[value] = static_cast<std::uint16_t>((std::uint64_t{value} * full + most / 2) / most);
  }
  if (layout.colour == TiffColour::kPalette) {
    read_palette(file, name);
  } else if (layout.colour == TiffColour::kYcbcr) {
    read_ycbcr(file, name);
  }
}

void TiffColours::read_palette(TIFF* file, const std::string& name) {
  std::array<const std::uint16_t*, 3> maps{};
  if (TIFFGetField(file, TIFFTAG_COLORMAP, maps.data(), maps.data() + 1, maps.data() + 2) != 1) {
    throw UserError("{}: damaged TIFF file: its palette is missing", name);
  }
  palette_.resize(std::size_t{1} << layout_.bits);
  // Palettes have 16 bits. Some writers put 8-bit values there as they are.
  bool bytes = true;
  for (const std::uint16_t* map : maps) {
    bytes = bytes && std::all_of(map, map + palette_.size(), [](std::uint16_t value) { return value < 256; });
  }
  for (std::size_t i = 0; i < palette_.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      palette_[i][c] = static_cast<std::uint8_t>(bytes ? maps[c][i] : maps[c][i] >> 8);
    }
  }
}

void TiffColours::read_ycbcr(TIFF* file, const std::string& name) {
  const float* luma = nullptr;
  const float* reference = nullptr;
  TIFFGetFieldDefaulted(file, TIFFTAG_YCBCRCOEFFICIENTS, &luma);
  TIFFGetFieldDefaulted(file, TIFFTAG_REFERENCEBLACKWHITE, &reference);
  const auto in_range = [](float value) { return std::isfinite(value) && std::abs(value) <= 65535.0F; };
  if (luma == nullptr || reference == nullptr || !std::all_of(luma, luma + 3, in_range) || luma[1] == 0.0F ||
      !std::all_of(reference, reference + 6, in_range) || reference[0] == reference[1] ||
      reference[2] == reference[3] || reference[4] == reference[5]) {
    throw UserError("{}: damaged TIFF file: its constants of YCbCr cannot be right", name);
  }
  std::copy_n(luma, 3, luma_.begin());
  std::copy_n(reference, 6, reference_.begin());
}

template <class In, class Out>
void TiffColours::convert(const In* samples, Out* channels, std::size_t pixels) const {
  constexpr Out kFull = std::numeric_limits<Out>::max();
  const std::size_t stride = static_cast<std::size_t>(layout_.samples);
  const bool alpha = layout_.alpha != TiffAlpha::kNone;
  const bool divide = layout_.alpha == TiffAlpha::kAssociated;
  for (std::size_t i = 0; i < pixels; ++i, samples += stride) {
    const Out opacity = alpha ? static_cast<Out>(scaled_[samples[layout_.alpha_sample]]) : kFull;
    const auto colour = [&](std::size_t c) {
      const auto value = static_cast<Out>(scaled_[samples[c]]);
      return divide ? undivided(value, opacity) : value;
    };
    switch (layout_.colour) {
      case TiffColour::kWhiteIsZero:
        *channels++ = static_cast<Out>(kFull - colour(0));
        break;
      case TiffColour::kBlackIsZero:
        *channels++ = colour(0);
        break;
      case TiffColour::kRgb:
        for (std::size_t c = 0; c < 3; ++c) {
          *channels++ = colour(c);
        }
        break;
      case TiffColour::kPalette:
        for (const std::uint8_t value : palette_[samples[0]]) {
          *channels++ = value;
        }
        break;
      case TiffColour::kCmyk:
        for (std::size_t c = 0; c < 3; ++c) {
          *channels++ = light(colour(c), colour(3));
        }
        break;
      case TiffColour::kYcbcr: {
        const auto between = [&](std::size_t c, float full) {
          return (static_cast<float>(samples[c]) - reference_[2 * c]) * full /
                 (reference_[2 * c + 1] - reference_[2 * c]);
        };
        const float y = between(0, 255);
        const float red = y + between(2, 127) * (2 - 2 * luma_[0]);
        const float blue = y + between(1, 127) * (2 - 2 * luma_[2]);
        *channels++ = rounded_to_byte(red);
        *channels++ = rounded_to_byte((y - luma_[0] * red - luma_[2] * blue) / luma_[1]);
        *channels++ = rounded_to_byte(blue);
        break;
      }
    }
    if (alpha) {
      *channels++ = opacity;
    }
  }
}

template void TiffColours::convert(const std::uint8_t*, std::uint8_t*, std::size_t) const;
template void TiffColours::convert(const std::uint16_t*, std::uint16_t*, std::size_t) const;
template void TiffColours::convert(const std::uint16_t*, std::uint8_t*, std::size_t) const;

}  // namespace samsr
