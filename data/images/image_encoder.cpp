#include "data/images/image_encoder.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "data/images/colour_profile.h"

namespace samsr {
namespace {

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

/// CV_8UC3 over white where `alpha` (CV_8UC1) lets it through.
cv::Mat over_white(const cv::Mat& rgb, const cv::Mat& alpha) {
  cv::Mat weights;
  cv::cvtColor(alpha, weights, cv::COLOR_GRAY2RGB);
  cv::Mat colour;
  cv::multiply(rgb, weights, colour, 1.0 / 255.0);
  cv::Mat white;
  cv::subtract(cv::Scalar::all(255), weights, white);
  return colour + white;
}

/// Channels as OpenCV's encoders want them.
cv::Mat stored_channels(const ImageFile& image, ImageFormat format) {
  cv::Mat stored;
  if (!image.alpha.empty() && format != ImageFormat::kJpeg) {
    cv::cvtColor(image.rgb, stored, cv::COLOR_RGB2BGRA);
    cv::insertChannel(image.alpha, stored, 3);
    return stored;
  }
  const cv::Mat rgb = image.alpha.empty() ? image.rgb : over_white(image.rgb, image.alpha);
  const bool one_channel = image.grey && format != ImageFormat::kWebp;
  cv::cvtColor(rgb, stored, one_channel ? cv::COLOR_RGB2GRAY : cv::COLOR_RGB2BGR);
  return stored;
}

std::vector<int> parameters(ImageFormat format, const EncoderSettings& settings) {
  switch (format) {
    case ImageFormat::kJpeg:
      return {cv::IMWRITE_JPEG_QUALITY, static_cast<int>(settings.quality)};
    case ImageFormat::kWebp:
      return {cv::IMWRITE_WEBP_QUALITY, settings.webp_lossless ? 101 : static_cast<int>(settings.quality)};
    case ImageFormat::kTiff:
    case ImageFormat::kPng:
      break;
  }
  return {};
}

}  // namespace

std::int64_t longest_side(ImageFormat format) {
  return format == ImageFormat::kJpeg ? 65500 : format == ImageFormat::kWebp ? 16383 : 1000000;
}

const char* name_of(ImageFormat format) {
  return format == ImageFormat::kJpeg ? "JPEG" : format == ImageFormat::kWebp ? "WebP" : "PNG";
}

std::optional<ImageFormat> format_of_name(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (extension == ".png") {
    return ImageFormat::kPng;
  }
  if (extension == ".jpg" || extension == ".jpeg") {
    return ImageFormat::kJpeg;
  }
  return extension == ".webp" ? std::optional(ImageFormat::kWebp) : std::nullopt;
}

EncodedImage encode_image(const ImageFile& image, ImageFormat format, const EncoderSettings& settings,
                          const std::string& name) {
  CV_Assert(image.rgb.type() == CV_8UC3 || (image.rgb.type() == CV_16UC3 && format == ImageFormat::kPng));
  CV_Assert(image.alpha.empty() ||
            (image.alpha.type() == CV_MAKETYPE(image.rgb.depth(), 1) && image.alpha.size() == image.rgb.size()));
  if (std::max<std::int64_t>(image.rgb.cols, image.rgb.rows) > longest_side(format)) {
    throw UserError("{}: {}x{} pixels, and {} ends at {} a side; choose PNG", name, image.rgb.cols, image.rgb.rows,
                    name_of(format), longest_side(format));
  }
  EncodedImage encoded;
  const cv::Mat stored = stored_channels(image, format);
  if (!image.alpha.empty() && format == ImageFormat::kJpeg) {
    encoded.changed = "alpha laid over white";
  }
  std::vector<unsigned char> bytes;
  const std::string extension = format == ImageFormat::kJpeg ? ".jpg" : format == ImageFormat::kWebp ? ".webp" : ".png";
  CV_Assert(cv::imencode(extension, stored, bytes, parameters(format, settings)));
  encoded.bytes.assign(bytes.begin(), bytes.end());
  if (image.profile.empty()) {
    return encoded;
  }
  if (profile_fits(image.profile, stored.channels())) {
    encoded.bytes = with_profile(encoded.bytes, format, image.profile);
  } else {
    encoded.changed += encoded.changed.empty() ? "" : ", ";
    encoded.changed += "colour profile of other channels left out";
  }
  return encoded;
}

}  // namespace samsr
