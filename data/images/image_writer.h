#pragma once
// Pictures written row by row: a result larger than memory goes to disk as it is made.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/images/byte_sink.h"
#include "data/images/codec.h"

namespace samsr {

enum class ImageFormat { kPng, kJpeg, kWebp, kTiff };

struct EncoderSettings {
  std::int64_t quality = 95;  ///< of JPEG and lossy WebP, 1 … 100
  bool webp_lossless = false;
};

/// One picture on its way into a file, which is complete (finish) or absent (destruction without finish).
class ImageWriter {
 public:
  virtual ~ImageWriter() = default;

  /// The next rows, from the top: CV_8U or CV_16U with the channels and bits of the layout that the writer was made
  /// with. UserError with the system's reason (disk full).
  virtual void write(const cv::Mat& rows) = 0;

  /// After the last row: syncs and renames the file.
  virtual void finish() = 0;
};

/// "PNG", "JPEG", "WebP", "TIFF".
const char* name_of(ImageFormat format);

/// The format that a name's extension asks for (.png, .jpg, .jpeg, .jfif, .webp, .tif, .tiff in any
/// case); nothing for other names.
std::optional<ImageFormat> format_of_name(const std::filesystem::path& path);

/// Longest side that a file of this format can have.
std::int64_t longest_side(ImageFormat format);

/// UserError naming the file and its size when a side is longer than that.
void check_longest_side(const std::string& name, ImageFormat format, std::int64_t width, std::int64_t height);

/// A writer of `path` under a temporary name. PNG: 8 or 16 bits, 1 to 4 channels. TIFF: the same (BigTIFF where 4 GB
/// would be passed). JPEG: 8 bits, 1 or 3 channels. WebP: 8 bits, 3 or 4 channels; holds the picture until finish().
/// `profile`: ICC, empty for none; it must fit the channels (profile_fits()). UserError when a side is longer than the
/// format allows or the file cannot be made.
std::unique_ptr<ImageWriter> make_image_writer(const std::filesystem::path& path, ImageFormat format,
                                               const PictureLayout& layout, const std::string& profile,
                                               const EncoderSettings& settings, BeforeRename before_rename = {});

/// The same into `sink`, but for TIFF; the sides have been checked.
std::unique_ptr<ImageWriter> make_image_writer(std::unique_ptr<ByteSink> sink, ImageFormat format,
                                               const PictureLayout& layout, const std::string& profile,
                                               const EncoderSettings& settings);

}  // namespace samsr
