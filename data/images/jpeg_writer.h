#pragma once

#include <memory>
#include <string>

#include "data/images/byte_sink.h"
#include "data/images/image_writer.h"

namespace samsr {

/// JPEG of 8 bits, 1 or 3 channels, colours at half size (4:2:0); `profile` goes into APP2 segments. `quality`:
/// 1 … 100.
std::unique_ptr<ImageWriter> make_jpeg_writer(std::unique_ptr<ByteSink> sink, const PictureLayout& layout,
                                              const std::string& profile, int quality);

}  // namespace samsr
