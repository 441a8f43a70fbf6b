#include "data/images/webp_codec.h"

#include <fmt/format.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstdint>
#include <memory>
#include <new>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "data/images/exif.h"

namespace samsr {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)>;

const std::uint8_t* webp_bytes(std::string_view file) { return reinterpret_cast<const std::uint8_t*>(file.data()); }

[[noreturn]] void webp_ends_early(const std::string& name) {
  throw UserError("{}: the WebP file ends early (truncated?)", name);
}

[[noreturn]] void webp_damaged(const std::string& name) { throw UserError("{}: damaged WebP file", name); }

/// Length that the file's own header claims.
std::size_t claimed_size(std::string_view file) {
  std::size_t size = 0;
  for (std::size_t i = 8; i-- > 4;) {
    size = size << 8 | static_cast<unsigned char>(file[i]);
  }
  return size + 8;
}

std::string webp_chunk(const WebPDemuxer* demuxer, const char* type) {
  std::string bytes;
  WebPChunkIterator found{};
  if (WebPDemuxGetChunk(demuxer, type, 1, &found) != 0) {
    bytes.assign(reinterpret_cast<const char*>(found.chunk.bytes), found.chunk.size);
  }
  WebPDemuxReleaseChunkIterator(&found);
  return bytes;
}

cv::Mat decode_still(std::string_view file, const PictureLayout& layout, const std::string& name) {
  cv::Mat pixels(static_cast<int>(layout.height), static_cast<int>(layout.width), CV_8UC(layout.channels));
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) {
    throw std::bad_alloc();
  }
  config.output.colorspace = layout.channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels.data, static_cast<int>(pixels.step),
                          pixels.step * static_cast<std::size_t>(pixels.rows)};
  switch (WebPDecode(webp_bytes(file), file.size(), &config)) {
    case VP8_STATUS_OK:
      return pixels;
    case VP8_STATUS_OUT_OF_MEMORY:
      throw std::bad_alloc();
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      webp_ends_early(name);
    default:
      webp_damaged(name);
  }
}

/// The first frame on the animation's canvas.
cv::Mat decode_first_frame(std::string_view file, const PictureLayout& layout, const std::string& name) {
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) {
    throw std::bad_alloc();
  }
  options.color_mode = MODE_RGBA;
  const WebPData data{webp_bytes(file), file.size()};
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                             WebPAnimDecoderDelete);
  std::uint8_t* canvas = nullptr;
  int time = 0;
  if (decoder == nullptr || WebPAnimDecoderGetNext(decoder.get(), &canvas, &time) == 0) {
    webp_damaged(name);
  }
  const cv::Mat frame(static_cast<int>(layout.height), static_cast<int>(layout.width), CV_8UC4, canvas);
  cv::Mat alpha;
  cv::extractChannel(frame, alpha, 3);
  if (cv::countNonZero(alpha == 255) < static_cast<int>(alpha.total())) {
    return frame.clone();
  }
  cv::Mat opaque;
  cv::cvtColor(frame, opaque, cv::COLOR_RGBA2RGB);
  return opaque;
}

}  // namespace

bool is_webp(std::string_view file) {
  return file.size() >= 12 && file.starts_with("RIFF") && file.substr(8, 4) == "WEBP";
}

DecodedPicture decode_webp(std::string_view file, const std::string& name, const ImageLimits& limits) {
  if (file.size() < claimed_size(file)) {
    webp_ends_early(name);
  }
  WebPBitstreamFeatures features{};
  switch (WebPGetFeatures(webp_bytes(file), file.size(), &features)) {
    case VP8_STATUS_OK:
      break;
    case VP8_STATUS_NOT_ENOUGH_DATA:
      webp_ends_early(name);
    default:
      webp_damaged(name);
  }
  const bool animated = features.has_animation != 0;
  const PictureLayout layout{
      .width = features.width, .height = features.height, .channels = features.has_alpha != 0 || animated ? 4 : 3};
  // libwebp holds lossless pixels as four bytes, and an animation's canvas twice.
  check_limits(name, layout, animated ? 12 : 8, limits);
  const WebPData data{webp_bytes(file), file.size()};
  const Demuxer demuxer(WebPDemux(&data), WebPDemuxDelete);
  if (demuxer == nullptr) {
    webp_damaged(name);
  }
  DecodedPicture picture;
  if (animated) {
    picture.pixels = decode_first_frame(file, layout, name);
    picture.remarks.push_back(fmt::format("first of {} frames", WebPDemuxGetI(demuxer.get(), WEBP_FF_FRAME_COUNT)));
  } else {
    picture.pixels = decode_still(file, layout, name);
  }
  const std::string exif = webp_chunk(demuxer.get(), "EXIF");
  picture.orientation = exif_orientation(exif);
  if (exif.empty() && (WebPDemuxGetI(demuxer.get(), WEBP_FF_FORMAT_FLAGS) & EXIF_FLAG) != 0) {
    picture.remarks.emplace_back("its EXIF data are missing");
  }
  picture.profile = webp_chunk(demuxer.get(), "ICCP");
  return picture;
}

}  // namespace samsr
