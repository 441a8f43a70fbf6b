#pragma once

#include <memory>
#include <string>

#include "data/images/byte_sink.h"
#include "data/images/image_writer.h"

namespace samsr {

/// WebP of 8 bits, 3 or 4 channels; holds the picture until finish(), which encodes. `profile` becomes the ICCP chunk.
std::unique_ptr<ImageWriter> make_webp_writer(std::unique_ptr<ByteSink> sink, const PictureLayout& layout,
                                              const std::string& profile, const EncoderSettings& settings);

}  // namespace samsr
