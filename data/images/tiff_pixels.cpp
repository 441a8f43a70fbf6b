#include "data/images/tiff_pixels.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/error.h"
#include "data/images/tiff_colour.h"

namespace samsr {
namespace {

/// Memory that is not touched before it is used: what a header promises costs nothing until data come.
template <class T>
std::unique_ptr<T[]> untouched(std::int64_t count) {
  return std::unique_ptr<T[]>(new T[static_cast<std::size_t>(count)]);
}

/// Samples of 1 … 16 bits, the first in the highest bits of a byte, to one element each, `stride` apart.
template <class T>
void unpack_samples(const std::uint8_t* row, int bits, std::int64_t count, T* out, std::int64_t stride) {
  if (bits == 8 || bits == 16) {
    for (std::int64_t i = 0; i < count; ++i, out += stride) {
      std::memcpy(out, row + i * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    }
    return;
  }
  std::uint32_t window = 0;
  int held = 0;
  const std::uint32_t mask = (1U << bits) - 1;
  for (std::int64_t i = 0; i < count; ++i, out += stride) {
    while (held < bits) {
      window = window << 8 | *row++;
      held += 8;
    }
    held -= bits;
    *out = static_cast<T>(window >> held & mask);
  }
}

class TiffPixels {
 public:
  TiffPixels(TIFF* file, const TiffLayout& layout, TiffMessages& messages, const std::string& name)
      : file_(file), layout_(layout), messages_(messages), name_(name), colours_(file, layout, name) {}

  cv::Mat read() {
    const PictureLayout made = layout_.picture();
    pixels_.create(static_cast<int>(made.height), static_cast<int>(made.width),
                   CV_MAKETYPE(made.bits == 16 ? CV_16U : CV_8U, made.channels));
    if (layout_.lies_as_decoded()) {
      for (std::int64_t top = 0; top < layout_.height; top += layout_.block_height) {
        decode_block(0, top, 0, pixels_.ptr(static_cast<int>(top)));
      }
    } else if (layout_.bits <= 8) {
      read_blocks<std::uint8_t, std::uint8_t>();
    } else if (made.bits == 8) {
      read_blocks<std::uint16_t, std::uint8_t>();
    } else {
      read_blocks<std::uint16_t, std::uint16_t>();
    }
    return std::move(pixels_);
  }

 private:
  /// The strip or tile of a plane whose first pixel is (left, top), decoded.
  void decode_block(std::int64_t left, std::int64_t top, int plane, std::uint8_t* out) {
    const std::int64_t rows = layout_.block_rows(top);
    const std::int64_t bytes = layout_.block_bytes(rows);
    decode_once(left, top, plane, out, bytes);
    // Fax codes that end early leave the remaining rows as they were, without a word: other rows tell.
    if (layout_.compression == COMPRESSION_CCITTFAX3 || layout_.compression == COMPRESSION_CCITTFAX4 ||
        layout_.compression == COMPRESSION_CCITTRLE || layout_.compression == COMPRESSION_CCITTRLEW) {
      const auto again = untouched<std::uint8_t>(bytes);
      for (std::int64_t i = 0; i < bytes; ++i) {
        again[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(~out[i]);
      }
      decode_once(left, top, plane, again.get(), bytes);
      const std::int64_t row_bytes = bytes / rows;
      const std::int64_t whole = layout_.block_width * layout_.bits / 8;
      for (std::int64_t row = 0; row < rows; ++row) {
        if (std::memcmp(out + row * row_bytes, again.get() + row * row_bytes, static_cast<std::size_t>(whole)) != 0) {
          fail(left, top, "its data end early");
        }
      }
    }
  }

  void decode_once(std::int64_t left, std::int64_t top, int plane, std::uint8_t* out, std::int64_t bytes) {
    messages_ = {};
    const auto x = static_cast<std::uint32_t>(left);
    const auto y = static_cast<std::uint32_t>(top);
    const auto sample = static_cast<std::uint16_t>(plane);
    const tmsize_t decoded = layout_.tiled
                                 ? TIFFReadEncodedTile(file_, TIFFComputeTile(file_, x, y, 0, sample), out, bytes)
                                 : TIFFReadEncodedStrip(file_, TIFFComputeStrip(file_, y, sample), out, bytes);
    if (decoded != bytes || !messages_.error.empty()) {
      fail(left, top, messages_.error.empty() ? "its data end early" : messages_.error);
    }
    // Two warnings are of whole pictures: another order of bits, and a last strip that is longer than needed.
    const std::string& warning = messages_.warning;
    if (!warning.empty() && warning.find("Old-style LZW codes") == std::string::npos &&
        warning.find("strip size exceeds expected") == std::string::npos) {
      fail(left, top, warning);
    }
  }

  [[noreturn]] void fail(std::int64_t left, std::int64_t top, const std::string& reason) const {
    throw UserError("{}: damaged TIFF file: the {} at column {}, row {}: {}", name_, layout_.tiled ? "tile" : "strip",
                    left, top, reason);
  }

  template <class In, class Out>
  void read_blocks() {
    const auto decoded = untouched<std::uint8_t>(layout_.block_bytes(layout_.block_height));
    const bool as_they_are = sizeof(In) * 8 == static_cast<std::size_t>(layout_.bits) && layout_.across == 1 &&
                             layout_.down == 1 && !layout_.planar;
    const auto samples = untouched<In>(as_they_are ? 0 : layout_.block_width * layout_.block_height * layout_.samples);
    for (std::int64_t top = 0; top < layout_.height; top += layout_.block_height) {
      for (std::int64_t left = 0; left < layout_.width; left += layout_.block_width) {
        const std::int64_t rows = layout_.block_rows(top);
        for (int plane = 0; plane < (layout_.planar ? layout_.samples : 1); ++plane) {
          decode_block(left, top, plane, decoded.get());
          if (!as_they_are) {
            unpack_block(decoded.get(), rows, plane, samples.get());
          }
        }
        const In* from = as_they_are ? reinterpret_cast<const In*>(decoded.get()) : samples.get();
        const std::int64_t width = std::min(layout_.block_width, layout_.width - left);
        for (std::int64_t row = 0; row < std::min(rows, layout_.height - top); ++row) {
          Out* to = pixels_.ptr<Out>(static_cast<int>(top + row)) + left * pixels_.channels();
          colours_.convert(from + row * layout_.block_width * layout_.samples, to, static_cast<std::size_t>(width));
        }
      }
    }
  }

  template <class In>
  void unpack_block(const std::uint8_t* decoded, std::int64_t rows, int plane, In* samples) const {
    if (layout_.across > 1 || layout_.down > 1) {
      return spread_units(decoded, rows, samples);
    }
    const std::int64_t row_bytes = layout_.block_bytes(1);
    const std::int64_t row_samples = layout_.block_width * layout_.samples;
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::uint8_t* from = decoded + row * row_bytes;
      In* to = samples + row * row_samples;
      if (layout_.planar) {
        unpack_samples(from, layout_.bits, layout_.block_width, to + plane, layout_.samples);
      } else {
        unpack_samples(from, layout_.bits, row_samples, to, 1);
      }
    }
  }

  /// Units of across × down values Y, one Cb and one Cr to Y, Cb, Cr of each pixel.
  template <class In>
  void spread_units(const std::uint8_t* unit, std::int64_t rows, In* samples) const {
    const int luma = layout_.across * layout_.down;
    for (std::int64_t y = 0; y < rows; y += layout_.down) {
      for (std::int64_t x = 0; x < layout_.block_width; x += layout_.across, unit += luma + 2) {
        for (int i = 0; i < luma; ++i) {
          const std::int64_t row = y + i / layout_.across;
          const std::int64_t column = x + i % layout_.across;
          if (row < rows && column < layout_.block_width) {
            In* to = samples + (row * layout_.block_width + column) * 3;
            to[0] = unit[i];
            to[1] = unit[luma];
            to[2] = unit[luma + 1];
          }
        }
      }
    }
  }

  TIFF* file_;
  const TiffLayout& layout_;
  TiffMessages& messages_;
  const std::string& name_;
  TiffColours colours_;
  cv::Mat pixels_{};
};

}  // namespace

cv::Mat read_tiff_pixels(TIFF* file, const TiffLayout& layout, TiffMessages& messages, const std::string& name) {
  return TiffPixels(file, layout, messages, name).read();
}

}  // namespace samsr
