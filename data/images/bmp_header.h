#pragma once
// What stands before the pixels of a BMP file.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/images/codec.h"

namespace samsr {

struct BmpHeader {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool top_down = false;
  int bits = 24;                                       ///< a pixel: 1, 2, 4, 8, 16, 24 or 32
  bool run_lengths = false;                            ///< RLE4 or RLE8, as the bits say
  std::array<std::uint32_t, 4> masks{};                ///< of red, green, blue and alpha, for 16 and 32 bits
  std::vector<std::array<std::uint8_t, 3>> palette{};  ///< RGB, for up to 8 bits
  std::size_t pixels_at = 0;                           ///< offset of the first row
  std::string profile{};
  std::vector<std::string> remarks{};

  bool indexed() const { return bits <= 8; }
  PictureLayout picture() const;
  std::int64_t row_bytes() const { return (width * bits + 31) / 32 * 4; }
};

/// UserError naming the file and what is damaged or not read.
BmpHeader read_bmp_header(std::string_view file, const std::string& name);

/// The file ends before what its header promises.
[[noreturn]] void fail_bmp_early(const std::string& name);

}  // namespace samsr
