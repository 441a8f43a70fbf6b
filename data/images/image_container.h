#pragma once
// What an image file's container says and a decoder does not pass on: whether the file is whole, which way
// up it is, whether it is made of inks, and what its colours mean.

#include <string>
#include <string_view>

namespace samsr {

struct ImageContainer {
  std::string_view format{};  ///< "JPEG", "PNG", "WebP"; empty for every other
  bool complete = true;       ///< false when the file ends before its end mark; true for other formats
  bool cmyk = false;          ///< JPEG of four components
  int orientation = 1;        ///< EXIF orientation, 1 … 8; 1 is upright
  std::string profile{};      ///< ICC profile; empty when there is none, or a damaged one
};

/// Reads the structure of JPEG, PNG and WebP files; decodes no pixel.
ImageContainer read_container(std::string_view file);

}  // namespace samsr
