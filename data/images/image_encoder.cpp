#include "data/images/image_encoder.h"

#include <opencv2/imgproc.hpp>

#include "data/images/colour_profile.h"

namespace samsr {
namespace {

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

}  // namespace

cv::Mat stored_channels(const ImageFile& image, ImageFormat format) {
  const bool alpha = !image.alpha.empty();
  const bool over = alpha && format == ImageFormat::kJpeg;
  cv::Mat stored = over ? over_white(image.rgb, image.alpha) : image.rgb;
  if (image.grey && format != ImageFormat::kWebp) {
    cv::Mat grey;
    cv::cvtColor(stored, grey, cv::COLOR_RGB2GRAY);
    stored = grey;
  }
  if (alpha && !over) {
    cv::Mat both;
    cv::merge(std::vector<cv::Mat>{stored, image.alpha}, both);
    stored = both;
  }
  return stored;
}

EncodedImage encode_image(const ImageFile& image, ImageFormat format, const EncoderSettings& settings,
                          const std::string& name) {
  CV_Assert(image.rgb.type() == CV_8UC3 || (image.rgb.type() == CV_16UC3 && format == ImageFormat::kPng));
  CV_Assert(image.alpha.empty() ||
            (image.alpha.type() == CV_MAKETYPE(image.rgb.depth(), 1) && image.alpha.size() == image.rgb.size()));
  check_longest_side(name, format, image.rgb.cols, image.rgb.rows);
  EncodedImage encoded;
  if (!image.alpha.empty() && format == ImageFormat::kJpeg) {
    encoded.changed = "alpha laid over white";
  }
  const cv::Mat stored = stored_channels(image, format);
  const bool keeps_profile = !image.profile.empty() && profile_fits(image.profile, stored.channels());
  if (!image.profile.empty() && !keeps_profile) {
    encoded.changed += encoded.changed.empty() ? "" : ", ";
    encoded.changed += "colour profile of other channels left out";
  }
  const PictureLayout layout{.width = stored.cols,
                             .height = stored.rows,
                             .channels = stored.channels(),
                             .bits = stored.depth() == CV_16U ? 16 : 8};
  const std::unique_ptr<ImageWriter> writer = make_image_writer(
      make_memory_sink(encoded.bytes), format, layout, keeps_profile ? image.profile : std::string(), settings);
  writer->write(stored);
  writer->finish();
  return encoded;
}

}  // namespace samsr
