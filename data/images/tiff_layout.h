#pragma once
// How the pixels of a TIFF page lie in the file, as its tags say, and whether samsr reads such.

#include <cstdint>
#include <string>

#include "data/images/codec.h"
#include "data/images/tiff_handle.h"

namespace samsr {

enum class TiffColour {
  kWhiteIsZero,
  kBlackIsZero,
  kRgb,
  kPalette,
  kCmyk,
  kYcbcr,  ///< as samples; JPEG's YCbCr is made RGB by libtiff
};

enum class TiffAlpha {
  kNone,
  kStraight,
  kAssociated,  ///< colours are multiplied by it
  kUnsaid,      ///< one extra channel without a meaning
};

struct TiffLayout {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int bits = 8;          ///< of a sample in the file, 1 … 16
  int samples = 1;       ///< a pixel, alpha and other extra ones included
  int alpha_sample = 0;  ///< which of them is alpha
  TiffColour colour = TiffColour::kRgb;
  TiffAlpha alpha = TiffAlpha::kNone;
  bool planar = false;            ///< each sample in blocks of its own
  bool tiled = false;             ///< blocks are tiles, else strips
  std::int64_t block_width = 0;   ///< of a tile; the picture's for strips
  std::int64_t block_height = 0;  ///< of a tile or of all strips but the last
  int across = 1;                 ///< pixels that share a Cb and Cr, 1, 2 or 4
  int down = 1;
  int compression = COMPRESSION_NONE;

  int colour_samples() const;  ///< 1, 3 or 4
  int left_out() const;        ///< samples that become no channel
  PictureLayout picture() const;
  std::int64_t block_rows(std::int64_t top) const;  ///< of the block whose first row is `top`
  std::int64_t block_bytes(
      std::int64_t rows) const;  ///< decoded, of one block of so many rows (of one sample if planar)
  bool lies_as_decoded() const;  ///< strips decoded hold exactly the pixels of the result
  double bytes_a_pixel() const;  ///< of result and blocks together
};

/// Of the handle's current page. Makes libtiff hand over JPEG's YCbCr as RGB. UserError naming the file (`name`) and
/// what it has that is not read, or why the tags cannot be right.
TiffLayout read_tiff_layout(TIFF* file, const std::string& name);

/// UserError when a strip or tile is missing, is too short, or lies beyond the file's end.
void check_tiff_blocks(TIFF* file, const TiffLayout& layout, std::uint64_t file_size, const std::string& name);

}  // namespace samsr
