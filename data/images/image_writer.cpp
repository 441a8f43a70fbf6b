#include "data/images/image_writer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/output.h"
#include "data/images/byte_sink.h"
#include "data/images/jpeg_writer.h"
#include "data/images/png_writer.h"
#include "data/images/tiff_writer.h"
#include "data/images/webp_writer.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

struct FormatFacts {
  const char* name;
  std::int64_t longest_side;
};

const FormatFacts& facts(ImageFormat format) {
  // In the order of ImageFormat.
  static constexpr std::array<FormatFacts, 4> kFacts{
      {{"PNG", 1000000}, {"JPEG", 65500}, {"WebP", 16383}, {"TIFF", 1000000}}};
  return kFacts[static_cast<std::size_t>(format)];
}

}  // namespace

const char* name_of(ImageFormat format) { return facts(format).name; }

std::int64_t longest_side(ImageFormat format) { return facts(format).longest_side; }

std::optional<ImageFormat> format_of_name(const fs::path& path) {
  static constexpr std::array<std::pair<std::string_view, ImageFormat>, 7> kExtensions{{{".png", ImageFormat::kPng},
                                                                                        {".tif", ImageFormat::kTiff},
                                                                                        {".tiff", ImageFormat::kTiff},
                                                                                        {".jpg", ImageFormat::kJpeg},
                                                                                        {".jpeg", ImageFormat::kJpeg},
                                                                                        {".jfif", ImageFormat::kJpeg},
                                                                                        {".webp", ImageFormat::kWebp}}};
  const std::string extension = extension_of(path);
  for (const auto& [known, format] : kExtensions) {
    if (extension == known) {
      return format;
    }
  }
  return std::nullopt;
}

void check_longest_side(const std::string& name, ImageFormat format, std::int64_t width, std::int64_t height) {
  if (std::max(width, height) > longest_side(format)) {
    throw UserError("{}: {}x{} pixels, and {} ends at {} a side; choose PNG", name, width, height, name_of(format),
                    longest_side(format));
  }
}

std::unique_ptr<ImageWriter> make_image_writer(const fs::path& path, ImageFormat format, const PictureLayout& layout,
                                               const std::string& profile, const EncoderSettings& settings,
                                               BeforeRename before_rename) {
  check_longest_side(path.string(), format, layout.width, layout.height);
  if (format == ImageFormat::kTiff) {  // libtiff goes back to what it has written, which a sink cannot
    return make_tiff_writer(path, layout, profile, std::move(before_rename));
  }
  return make_image_writer(make_file_sink(path, std::move(before_rename)), format, layout, profile, settings);
}

std::unique_ptr<ImageWriter> make_image_writer(std::unique_ptr<ByteSink> sink, ImageFormat format,
                                               const PictureLayout& layout, const std::string& profile,
                                               const EncoderSettings& settings) {
  switch (format) {
    case ImageFormat::kJpeg:
      return make_jpeg_writer(std::move(sink), layout, profile, static_cast<int>(settings.quality));
    case ImageFormat::kWebp:
      return make_webp_writer(std::move(sink), layout, profile, settings);
    case ImageFormat::kTiff:
      throw std::logic_error("TIFF goes to files only");
    case ImageFormat::kPng:
      break;
  }
  return make_png_writer(std::move(sink), layout, profile);
}

}  // namespace samsr
