#pragma once

#include <memory>
#include <string>

#include "data/images/byte_sink.h"
#include "data/images/image_writer.h"

namespace samsr {

/// PNG of 8 or 16 bits, 1 to 4 channels; `profile` becomes the iCCP chunk.
std::unique_ptr<ImageWriter> make_png_writer(std::unique_ptr<ByteSink> sink, const PictureLayout& layout,
                                             const std::string& profile);

}  // namespace samsr
