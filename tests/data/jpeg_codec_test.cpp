#include "data/images/jpeg_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "data/damaged_files.h"
#include "data/jpeg_fixtures.h"
#include "support/pictures.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using testing::expect_cuts_are_seen;
using ::testing::HasSubstr;
using testing::jpeg_of;
using testing::same_pixels;
using testing::textured_picture;

const std::string kJpegEnd = "\xFF\xD9";

cv::Mat grey_jpeg_picture(int height, int width) {
  cv::Mat grey;
  cv::extractChannel(textured_picture(height, width), grey, 1);
  return grey;
}

/// Inks, of which the first three are a picture.
cv::Mat inks_picture(int height, int width) {
  cv::Mat inks;
  const std::vector<cv::Mat> planes{textured_picture(height, width), cv::Mat(height, width, CV_8UC1, cv::Scalar(200))};
  cv::merge(planes, inks);
  return inks;
}

void sample_luma(jpeg_compress_struct& object, int across, int down) {
  object.comp_info[0].h_samp_factor = across;
  object.comp_info[0].v_samp_factor = down;
}

/// Files of every arrangement, by name.
std::map<std::string, std::string> jpeg_files() {
  const cv::Mat picture = textured_picture(37, 53);
  return {
      {"4:2:0", jpeg_of(picture)},
      {"4:4:4", jpeg_of(picture, [](auto& object) { sample_luma(object, 1, 1); })},
      {"4:2:2", jpeg_of(picture, [](auto& object) { sample_luma(object, 2, 1); })},
      {"4:1:1", jpeg_of(picture, [](auto& object) { sample_luma(object, 4, 1); })},
      {"restarts", jpeg_of(picture, [](auto& object) { object.restart_interval = 2; })},
      {"optimised", jpeg_of(picture, [](auto& object) { object.optimize_coding = TRUE; })},
      {"progressive", jpeg_of(picture, [](auto& object) { jpeg_simple_progression(&object); })},
      {"scans apart", jpeg_of(picture, testing::write_scans_apart)},
      {"RGB", jpeg_of(picture, [](auto& object) { jpeg_set_colorspace(&object, JCS_RGB); })},
      {"grey", jpeg_of(grey_jpeg_picture(37, 53))},
      {"progressive grey", jpeg_of(grey_jpeg_picture(37, 53), [](auto& object) { jpeg_simple_progression(&object); })},
      {"CMYK", jpeg_of(inks_picture(20, 30))},
      {"YCCK", jpeg_of(inks_picture(20, 30), [](auto& object) { jpeg_set_colorspace(&object, JCS_YCCK); })},
  };
}

double mean_jpeg_difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.total() * static_cast<std::size_t>(a.channels()));
}

TEST(JpegCodec, ReadsEveryArrangement) {
  const cv::Mat picture = textured_picture(37, 53);
  for (const auto& [name, file] : jpeg_files()) {
    ASSERT_TRUE(is_jpeg(file)) << name;
    const DecodedPicture decoded = decode_jpeg(file, name, {});
    const bool inks = name == "CMYK" || name == "YCCK";
    EXPECT_EQ(decoded.remarks.size(), inks ? 1U : 0U) << name;
    if (inks) {
      EXPECT_EQ(decoded.pixels.size(), cv::Size(30, 20)) << name;
    } else if (name.find("grey") != std::string::npos) {
      EXPECT_LT(mean_jpeg_difference(decoded.pixels, grey_jpeg_picture(37, 53)), 4) << name;
    } else {
      EXPECT_LT(mean_jpeg_difference(decoded.pixels, picture), name == "4:4:4" || name == "RGB" ? 4 : 12) << name;
    }
  }
}

TEST(JpegCodec, ACutIsAnErrorOrThePictureWasWhole) {
  for (const auto& [name, file] : jpeg_files()) {
    SCOPED_TRACE(name);
    EXPECT_GT(expect_cuts_are_seen(file, decode_jpeg, 600), 0);
  }
}

TEST(JpegCodec, AnEndMarkerBehindACutHidesNothing) {
  const auto with_end = [](std::string_view file, const std::string& name, const ImageLimits& limits) {
    return decode_jpeg(std::string(file) + kJpegEnd, name, limits);
  };
  for (const auto& [name, file] : jpeg_files()) {
    SCOPED_TRACE(name);
    EXPECT_GT(expect_cuts_are_seen(file, with_end, 300), 0);
  }
}

TEST(JpegCodec, OneThatOnlyLacksItsEndMarkerIsRead) {
  for (const auto& [name, file] : jpeg_files()) {
    ASSERT_TRUE(file.ends_with(kJpegEnd));
    EXPECT_TRUE(
        same_pixels(decode_jpeg(file.substr(0, file.size() - 2), name, {}).pixels, decode_jpeg(file, name, {}).pixels))
        << name;
  }
}

TEST(JpegCodec, AProgressivePictureNeedsAllOfItsScans) {
  const std::string file = jpeg_files().at("progressive");
  std::size_t scans = 0;
  for (std::size_t at = file.find("\xFF\xDA"); at != std::string::npos; at = file.find("\xFF\xDA", at + 1)) {
    if (scans++ > 0) {
      EXPECT_THAT(error_of([&] { decode_jpeg(file.substr(0, at) + kJpegEnd, "cut.jpg", {}); }),
                  HasSubstr("cut.jpg: the JPEG file ends early (truncated?): scans of it are missing"));
    }
  }
  EXPECT_GT(scans, 5U);
}

TEST(JpegCodec, BytesBeforeAMarkerAndBehindTheEndDoNoHarm) {
  const std::string file = jpeg_files().at("4:2:0");
  const cv::Mat pixels = decode_jpeg(file, "plain", {}).pixels;
  std::string padded = file;
  padded.insert(padded.size() - 2, "xyz");
  EXPECT_TRUE(same_pixels(decode_jpeg(padded, "padded", {}).pixels, pixels));
  EXPECT_TRUE(same_pixels(decode_jpeg(file + std::string(100, '\0'), "longer", {}).pixels, pixels));
  padded = file;
  padded.insert(2, std::string(3, '\xFF'));  // fill bytes
  EXPECT_TRUE(same_pixels(decode_jpeg(padded, "filled", {}).pixels, pixels));
}

/// Without Adobe's marker the numbers say how much ink there is, with it how much is missing.
TEST(JpegCodec, InksAreReadAsTheirMarkerSays) {
  const cv::Mat one_ink(16, 16, CV_8UC4, cv::Scalar(255, 0, 0, 0));
  const auto colour = [&](bool adobe) {
    const std::string file = jpeg_of(one_ink, [&](auto& object) { object.write_Adobe_marker = adobe ? TRUE : FALSE; });
    return decode_jpeg(file, "inks", {}).pixels.at<cv::Vec3b>(8, 8);
  };
  EXPECT_LE(cv::norm(colour(false), cv::Vec3b(0, 255, 255), cv::NORM_INF), 2);
  EXPECT_LE(cv::norm(colour(true), cv::Vec3b(0, 0, 0), cv::NORM_INF), 2);  // no black is missing: all of it is there
}

TEST(JpegCodec, KindsThatAreNotReadAreNamed) {
  const auto error_with = [](const std::string& file) { return error_of([&] { decode_jpeg(file, "a.jpg", {}); }); };
  EXPECT_THAT(error_with(jpeg_of(textured_picture(8, 8), [](auto& object) { object.arith_code = TRUE; })),
              HasSubstr("a.jpg: is a JPEG with arithmetic coding"));
  std::string file = jpeg_of(textured_picture(8, 8));
  const std::size_t frame = file.find(std::string("\xFF\xC0\0\x11\x08", 5));
  ASSERT_NE(frame, std::string::npos);
  file[frame + 4] = 12;
  EXPECT_THAT(error_with(file), HasSubstr("a.jpg: is a JPEG of 12 bits a colour"));
  file[frame + 4] = 8;
  file[frame + 1] = '\xC3';
  EXPECT_THAT(error_with(file), HasSubstr("a.jpg: is a lossless or hierarchical JPEG"));
}

TEST(JpegCodec, LimitsAreCheckedBeforeMemoryIsTaken) {
  std::string file = jpeg_of(textured_picture(8, 8));
  const std::size_t frame = file.find(std::string("\xFF\xC0\0\x11\x08", 5));
  file.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");  // 65500 x 65500 pixels, as far as the header goes
  EXPECT_THAT(error_of([&] { decode_jpeg(file, "huge.jpg", {}); }),
              HasSubstr("huge.jpg: has 65500 x 65500 pixels, above images.max_megapixels=500"));
  EXPECT_THAT(error_of([&] { decode_jpeg(file, "huge.jpg", {.megapixels = 5000, .memory_mb = 100}); }),
              HasSubstr("above images.max_memory_mb=100"));
  EXPECT_THROW(decode_jpeg(file, "huge.jpg", {.megapixels = 5000}), UserError);  // half of the memory that is free
}

TEST(JpegCodec, JpegLsIsNoDamage) {
  const std::string begin("\xFF\xD8", 2);
  const std::string jfif("\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 18);
  const std::string frame("\xFF\xF7\0\x0B\x08\0\x10\0\x10\1\1\x11\0\xFF\xDA\0\x08\1\1\0\0\0\0\0\0", 25);
  for (const std::string& file : {begin + frame, begin + jfif + frame}) {
    EXPECT_THAT(error_of([&] { decode_jpeg(file + kJpegEnd, "scan.jpg", {}); }),
                HasSubstr("scan.jpg: is a JPEG-LS, which samsr does not read; convert it to PNG"));
  }
  std::string damaged = begin + frame + kJpegEnd;
  damaged[3] = '\xF9';
  EXPECT_THAT(error_of([&] { decode_jpeg(damaged, "scan.jpg", {}); }), HasSubstr("damaged JPEG file"));
}

TEST(JpegCodec, ChangedBytesAreSurvived) {
  for (const auto& [name, file] : jpeg_files()) {
    SCOPED_TRACE(name);
    testing::expect_changes_are_survived(file, decode_jpeg, 150);
  }
}

}  // namespace
}  // namespace samsr
