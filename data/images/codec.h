#pragma once
// What every codec of data/images hands over when it reads, and takes when it writes. Pixels are RGB or grey; OpenCV's
// BGR does not occur.

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace samsr {

class Settings;

/// What a file's header says, before a pixel is decoded.
struct PictureLayout {
  std::int64_t width = 0;
  std::int64_t height = 0;
  int channels = 3;  ///< 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  int bits = 8;      ///< of a channel in memory: 8 or 16
};

/// A decoded picture as it lies in the file: not turned upright yet.
struct DecodedPicture {
  cv::Mat pixels{};       ///< CV_8U or CV_16U (H, W) of 1, 2, 3 or 4 channels as in PictureLayout; alpha is
                          ///< straight (colours are not multiplied by it)
  int orientation = 1;    ///< EXIF's or TIFF's, 1 … 8; 1 is upright
  std::string profile{};  ///< ICC profile that says what `pixels` mean; empty when there is none
  std::vector<std::string> remarks{};  ///< what was converted, left out or dropped on the way: "first of 12 frames",
                                       ///< "CMYK became RGB without its colour profile"
};

/// What reading one picture may take; checked against its header before anything is allocated.
struct ImageLimits {
  std::int64_t megapixels = 500;  ///< width × height, in millions
  std::int64_t memory_mb = 0;     ///< of decoded pixels and what the decoder needs beside them, and as much again of
                                  ///< the file; 0: half of the memory that is free

  /// Section `images.`.
  void bind(Settings& settings);

  bool operator==(const ImageLimits&) const = default;
};

/// UserError naming the file, its size and the setting to raise when `layout` is beyond `limits`, or empty.
/// `bytes_a_pixel`: of all that decoding holds at once.
void check_limits(const std::string& name, const PictureLayout& layout, double bytes_a_pixel,
                  const ImageLimits& limits);

/// The same for the file itself, of `bytes`, which is read whole before its header is looked at.
void check_file_size(const std::string& name, std::uint64_t bytes, const ImageLimits& limits);

}  // namespace samsr
