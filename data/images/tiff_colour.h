#pragma once
// From the samples of a TIFF page to grey or RGB with straight alpha.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/images/tiff_layout.h"

namespace samsr {

/// Samples lie pixel by pixel, each in a byte (up to 8 bits a sample) or in two, as numbers of the layout's bits.
class TiffColours {
 public:
  /// Reads the page's palette, or its constants of YCbCr. UserError when they are missing or cannot be right.
  TiffColours(TIFF* file, const TiffLayout& layout, const std::string& name);

  /// `pixels` pixels to the channels of layout.picture(). Out is std::uint8_t or std::uint16_t as its bits say.
  template <class In, class Out>
  void convert(const In* samples, Out* channels, std::size_t pixels) const;

 private:
  void read_palette(TIFF* file, const std::string& name);
  void read_ycbcr(TIFF* file, const std::string& name);

  TiffLayout layout_;
  std::vector<std::uint16_t> scaled_{};  ///< a sample's number to 0 … 255 or 0 … 65535
  std::vector<std::array<std::uint8_t, 3>> palette_{};
  std::array<float, 3> luma_{};       ///< of red, green and blue in Y
  std::array<float, 6> reference_{};  ///< black and white of Y, Cb, Cr
};

}  // namespace samsr
