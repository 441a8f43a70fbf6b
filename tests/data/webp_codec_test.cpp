#include "data/images/webp_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <map>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "data/damaged_files.h"
#include "support/pictures.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using testing::expect_cuts_are_seen;
using ::testing::HasSubstr;
using testing::same_pixels;
using testing::textured_picture;

cv::Mat webp_with_alpha(const cv::Mat& rgb) {
  cv::Mat rgba;
  cv::cvtColor(rgb, rgba, cv::COLOR_RGB2RGBA);
  for (int y = 0; y < rgba.rows; ++y) {
    for (int x = 0; x < rgba.cols; ++x) {
      rgba.at<cv::Vec4b>(y, x)[3] = static_cast<uchar>(1 + (x * 7 + y) % 255);
    }
  }
  return rgba;
}

std::string webp_of(const cv::Mat& pixels, bool lossless) {
  std::uint8_t* bytes = nullptr;
  const auto step = static_cast<int>(pixels.step);
  std::size_t size = 0;
  if (pixels.channels() == 4) {
    size = lossless ? WebPEncodeLosslessRGBA(pixels.data, pixels.cols, pixels.rows, step, &bytes)
                    : WebPEncodeRGBA(pixels.data, pixels.cols, pixels.rows, step, 80, &bytes);
  } else {
    size = lossless ? WebPEncodeLosslessRGB(pixels.data, pixels.cols, pixels.rows, step, &bytes)
                    : WebPEncodeRGB(pixels.data, pixels.cols, pixels.rows, step, 80, &bytes);
  }
  std::string file(reinterpret_cast<const char*>(bytes), size);
  WebPFree(bytes);
  return file;
}

std::string taken_from_webp(WebPData& data) {
  std::string file(reinterpret_cast<const char*>(data.bytes), data.size);
  WebPDataClear(&data);
  return file;
}

std::string webp_with_chunk(const std::string& file, const char* type, const std::string& bytes) {
  const WebPData picture{reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
  const WebPData chunk{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  WebPMux* mux = WebPMuxCreate(&picture, 1);
  WebPMuxSetChunk(mux, type, &chunk, 1);
  WebPData assembled{};
  WebPMuxAssemble(mux, &assembled);
  WebPMuxDelete(mux);
  return taken_from_webp(assembled);
}

/// Frames without loss, each over the whole canvas.
std::string animation_of(const std::vector<cv::Mat>& frames) {
  WebPAnimEncoderOptions options;
  WebPAnimEncoderOptionsInit(&options);
  WebPAnimEncoder* encoder = WebPAnimEncoderNew(frames[0].cols, frames[0].rows, &options);
  WebPConfig config;
  WebPConfigInit(&config);
  config.lossless = 1;
  config.exact = 1;
  int time = 0;
  for (const cv::Mat& frame : frames) {
    WebPPicture picture;
    WebPPictureInit(&picture);
    picture.use_argb = 1;
    picture.width = frame.cols;
    picture.height = frame.rows;
    (frame.channels() == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB)(&picture, frame.data,
                                                                           static_cast<int>(frame.step));
    WebPAnimEncoderAdd(encoder, &picture, time += 100, &config);
    WebPPictureFree(&picture);
  }
  WebPAnimEncoderAdd(encoder, nullptr, time + 100, nullptr);
  WebPData assembled{};
  WebPAnimEncoderAssemble(encoder, &assembled);
  WebPAnimEncoderDelete(encoder);
  return taken_from_webp(assembled);
}

const std::string kTurnedExif("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26);

std::map<std::string, std::string> webp_files() {
  const cv::Mat picture = textured_picture(21, 34);
  return {{"lossy", webp_of(picture, false)},
          {"lossless", webp_of(picture, true)},
          {"lossy, alpha", webp_of(webp_with_alpha(picture), false)},
          {"lossless, alpha", webp_of(webp_with_alpha(picture), true)},
          {"animation", animation_of({picture, textured_picture(21, 34, 2)})},
          {"profile", webp_with_chunk(webp_of(picture, false), "ICCP", std::string(101, 'x'))}};
}

TEST(WebpCodec, ReadsEveryKind) {
  const cv::Mat picture = textured_picture(21, 34);
  for (const auto& [name, file] : webp_files()) {
    ASSERT_TRUE(is_webp(file)) << name;
  }
  EXPECT_TRUE(same_pixels(decode_webp(webp_files().at("lossless"), "a", {}).pixels, picture));
  EXPECT_TRUE(same_pixels(decode_webp(webp_files().at("lossless, alpha"), "a", {}).pixels, webp_with_alpha(picture)));
  cv::Mat alpha;
  cv::extractChannel(decode_webp(webp_files().at("lossy, alpha"), "a", {}).pixels, alpha, 3);
  cv::Mat expected;
  cv::extractChannel(webp_with_alpha(picture), expected, 3);
  EXPECT_TRUE(same_pixels(alpha, expected));
  EXPECT_EQ(decode_webp(webp_files().at("profile"), "a", {}).profile, std::string(101, 'x'));
}

TEST(WebpCodec, OfAnAnimationTheFirstFrameIsReadAndSaid) {
  const cv::Mat first = textured_picture(21, 34);
  const DecodedPicture opaque = decode_webp(webp_files().at("animation"), "a", {});
  EXPECT_TRUE(same_pixels(opaque.pixels, first));
  EXPECT_THAT(opaque.remarks, ::testing::ElementsAre("first of 2 frames"));
  const DecodedPicture through = decode_webp(
      animation_of({webp_with_alpha(first), webp_with_alpha(textured_picture(21, 34, 2)), webp_with_alpha(first)}), "a",
      {});
  EXPECT_EQ(through.pixels.channels(), 4);
  EXPECT_THAT(through.remarks, ::testing::ElementsAre("first of 3 frames"));
}

/// `file` with the length in its header set to what is there.
std::string webp_with_true_length(std::string_view file) {
  std::string text(file);
  for (std::size_t i = 0; i < 4 && text.size() >= 12; ++i) {
    text[4 + i] = static_cast<char>((text.size() - 8) >> (8 * i) & 0xFF);
  }
  return text;
}

TEST(WebpCodec, ACutIsAnErrorWhateverTheHeaderSays) {
  const auto lying = [](std::string_view file, const std::string& name, const ImageLimits& limits) {
    return decode_webp(webp_with_true_length(file), name, limits);
  };
  for (const auto& [name, file] : webp_files()) {
    SCOPED_TRACE(name);
    // From where it is a WebP file at all.
    const auto from_header = [](const auto& decode) {
      return [decode](std::string_view each, const std::string& called, const ImageLimits& limits) {
        return is_webp(each) ? decode(each, called, limits)
                             : throw UserError("{}: too short to be told from other files", called);
      };
    };
    EXPECT_GT(expect_cuts_are_seen(file, from_header(decode_webp), 400), 50);
    EXPECT_GT(expect_cuts_are_seen(file, from_header(lying), 400), 50);
  }
}

TEST(WebpCodec, AnOrientationThatWasCutOffIsSaid) {
  const std::string file = webp_with_chunk(webp_files().at("lossy"), "EXIF", kTurnedExif);
  EXPECT_EQ(decode_webp(file, "a", {}).orientation, 6);
  const DecodedPicture cut = decode_webp(webp_with_true_length(file.substr(0, file.find("EXIF"))), "a", {});
  EXPECT_EQ(cut.orientation, 1);
  EXPECT_THAT(cut.remarks, ::testing::ElementsAre("its EXIF data are missing"));
}

TEST(WebpCodec, ChangedBytesAreSurvived) {
  for (const auto& [name, file] : webp_files()) {
    SCOPED_TRACE(name);
    const auto decode = [](std::string_view each, const std::string& called, const ImageLimits& limits) {
      return is_webp(each) ? decode_webp(each, called, limits) : throw UserError("{}: other", called);
    };
    testing::expect_changes_are_survived(file, decode, 200);
  }
}

TEST(WebpCodec, LimitsAreChecked) {
  const std::string file = webp_of(cv::Mat(1100, 1000, CV_8UC3, cv::Scalar::all(9)), true);
  EXPECT_THAT(error_of([&] { decode_webp(file, "large.webp", {.megapixels = 1}); }),
              HasSubstr("large.webp: has 1000 x 1100 pixels, above images.max_megapixels=1"));
  EXPECT_THAT(error_of([&] { decode_webp(file, "large.webp", {.memory_mb = 1}); }),
              HasSubstr("above images.max_memory_mb=1"));
}

}  // namespace
}  // namespace samsr
