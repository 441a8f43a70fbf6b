#pragma once
// Whole pictures as the bytes of files.

#include <string>

#include "data/images/image_file.h"
#include "data/images/image_writer.h"

namespace samsr {

/// The channels that a file of this format holds, of a picture or of some of its rows: one or three, and alpha behind
/// them. Grey is BT.601's luma of the three, but for WebP, which has only colours; JPEG has no alpha, which is laid
/// over white.
cv::Mat stored_channels(const ImageFile& image, ImageFormat format);

struct EncodedImage {
  std::string bytes;    ///< of the whole file
  std::string changed;  ///< what the format could not hold and what became of it, comma-joined; or empty
};

/// PNG: 8 or 16 bits, alpha. JPEG: 8 bits; alpha is laid over white. WebP: 8 bits, alpha. A grey picture is written as
/// one channel (BT.601 luma of its three), but for WebP, which has only colours. The profile is written when it fits
/// the channels. UserError when a side is longer than the format allows; `name` stands for the file.
EncodedImage encode_image(const ImageFile& image, ImageFormat format, const EncoderSettings& settings = {},
                          const std::string& name = {});

}  // namespace samsr
