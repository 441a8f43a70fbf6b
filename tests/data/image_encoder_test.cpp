#include "data/images/image_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/colour_profile.h"
#include "support/pictures.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;

constexpr std::array kFormats{ImageFormat::kPng, ImageFormat::kJpeg, ImageFormat::kWebp};

cv::Mat gradient(int type, int width = 40, int height = 30) {
  cv::Mat picture(height, width, type);
  const int step = picture.depth() == CV_16U ? 1500 : 6;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const cv::Vec3i colour(x * step, y * step, (x + y) * step / 2);
      if (picture.depth() == CV_16U) {
        picture.at<cv::Vec3w>(y, x) = colour;
      } else {
        picture.at<cv::Vec3b>(y, x) = colour;
      }
    }
  }
  return picture;
}

/// Bytes that nothing packs, behind a header with length, colour space and signature.
std::string profile_of(const std::string& space, std::size_t size) {
  std::string profile(size, '\0');
  cv::RNG random(7);
  for (char& byte : profile) {
    byte = static_cast<char>(random.uniform(0, 256));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    profile[i] = static_cast<char>(size >> (24 - 8 * i) & 0xFF);
  }
  return profile.replace(16, 4, space).replace(36, 4, "acsp");
}

ImageFile decoded(const EncodedImage& encoded, Bits bits = Bits::kKept) {
  return decode_image(encoded.bytes, "encoded", bits);
}

TEST(ImageProfile, IsReadFromFilesOfAnotherProgram) {
  const std::string expected = read_image(fs::path(SAMSR_TEST_IMAGES) / "profile.png").profile;
  EXPECT_EQ(expected.size(), 588U);
  EXPECT_EQ(expected.substr(36, 4), "acsp");  // the signature of every profile
  for (const char* name : {"profile.jpg", "profile.webp"}) {
    EXPECT_EQ(read_image(fs::path(SAMSR_TEST_IMAGES) / name).profile, expected) << name;
  }
  EXPECT_EQ(read_image(fs::path(SAMSR_TEST_IMAGES) / "rgb.png").profile, "");
}

TEST(ImageProfile, GoesThroughEveryFormatWhole) {
  for (const std::size_t size : {std::size_t{129}, std::size_t{5000}, std::size_t{200000}}) {
    const std::string profile = profile_of("RGB ", size);
    for (const ImageFormat format : kFormats) {
      const ImageFile plain{.rgb = gradient(CV_8UC3)};
      ImageFile image = plain;
      image.profile = profile;
      const EncodedImage encoded = encode_image(image, format);
      EXPECT_EQ(encoded.changed, "");
      EXPECT_TRUE(decoded(encoded).profile == profile) << name_of(format) << " " << size;
      EXPECT_EQ(largest_difference(decoded(encoded).rgb, decoded(encode_image(plain, format)).rgb), 0)
          << name_of(format);
    }
  }
}

TEST(ImageProfile, OfOtherChannelsIsLeftOutAndSaid) {
  for (const ImageFormat format : kFormats) {
    const EncodedImage encoded = encode_image({.rgb = gradient(CV_8UC3), .profile = profile_of("GRAY", 300)}, format);
    EXPECT_EQ(encoded.changed, "colour profile of other channels left out");
    EXPECT_EQ(decoded(encoded).profile, "");
  }
  const ImageFile grey{.rgb = gradient(CV_8UC3), .grey = true, .profile = profile_of("GRAY", 300)};
  EXPECT_EQ(decoded(encode_image(grey, ImageFormat::kPng)).profile, grey.profile);
  EXPECT_EQ(encode_image(grey, ImageFormat::kWebp).changed, "colour profile of other channels left out");
}

TEST(ImageProfile, DamagedOrTooLongIsNone) {
  const std::string file = read_file(fs::path(SAMSR_TEST_IMAGES) / "profile.png");
  const std::size_t chunk = file.find("iCCP");
  for (std::size_t at = chunk + 4; at < chunk + 200; ++at) {
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_LE(decode_image(damaged, "damaged").profile.size(), 588U) << at;
  }
  std::string jpeg =
      encode_image({.rgb = gradient(CV_8UC3), .profile = profile_of("RGB ", 150000)}, ImageFormat::kJpeg).bytes;
  const std::size_t second = jpeg.find("ICC_PROFILE", jpeg.find("ICC_PROFILE") + 1);
  jpeg[second] = 'X';
  const ImageFile without = decode_image(jpeg, "one piece missing");
  EXPECT_EQ(without.profile, "");
  EXPECT_THAT(without.remarks, ::testing::ElementsAre("damaged colour profile left out"));
  for (const ImageFormat format : kFormats) {
    std::string profile = profile_of("RGB ", 300);
    profile[36] = 'X';  // no longer a profile's signature
    const ImageFile image = decoded(encode_image({.rgb = gradient(CV_8UC3), .profile = profile}, format));
    EXPECT_EQ(image.profile, "") << name_of(format);
    EXPECT_THAT(image.remarks, ::testing::ElementsAre("damaged colour profile left out")) << name_of(format);
  }
}

TEST(ImageEncoder, PngKeepsSixteenBitsAndAlpha) {
  ImageFile image{.rgb = gradient(CV_16UC3)};
  EXPECT_EQ(largest_difference(decoded(encode_image(image, ImageFormat::kPng)).rgb, image.rgb), 0);
  image.alpha = cv::Mat(image.rgb.size(), CV_16UC1, cv::Scalar(12345));
  const ImageFile result = decoded(encode_image(image, ImageFormat::kPng));
  EXPECT_EQ(largest_difference(result.rgb, image.rgb), 0);
  EXPECT_EQ(largest_difference(result.alpha, image.alpha), 0);
  EXPECT_EQ(decoded(encode_image(image, ImageFormat::kPng), Bits::kEight).rgb.type(), CV_8UC3);
}

TEST(ImageEncoder, WebpKeepsAlphaAndIsExactWithoutLoss) {
  const ImageFile image{.rgb = gradient(CV_8UC3), .alpha = cv::Mat(30, 40, CV_8UC1, cv::Scalar(90))};
  const ImageFile exact = decoded(encode_image(image, ImageFormat::kWebp, {.webp_lossless = true}));
  EXPECT_EQ(largest_difference(exact.rgb, image.rgb), 0);
  EXPECT_EQ(largest_difference(exact.alpha, image.alpha), 0);
  EXPECT_EQ(largest_difference(decoded(encode_image(image, ImageFormat::kWebp)).alpha, image.alpha), 0);
}

TEST(ImageEncoder, QualityIsThatOfTheFormat) {
  const ImageFile image{.rgb = gradient(CV_8UC3)};
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kWebp}) {
    const EncodedImage fine = encode_image(image, format, {.quality = 98});
    const EncodedImage coarse = encode_image(image, format, {.quality = 5});
    EXPECT_GT(fine.bytes.size(), coarse.bytes.size()) << name_of(format);
    EXPECT_LT(cv::norm(decoded(fine).rgb, image.rgb), cv::norm(decoded(coarse).rgb, image.rgb)) << name_of(format);
  }
}

TEST(ImageEncoder, JpegLaysAlphaOverWhite) {
  ImageFile image{.rgb = cv::Mat(16, 32, CV_8UC3, cv::Scalar(200, 100, 0)),
                  .alpha = cv::Mat(16, 32, CV_8UC1, cv::Scalar(0))};
  image.alpha.colRange(16, 32) = 255;
  const EncodedImage encoded = encode_image(image, ImageFormat::kJpeg);
  EXPECT_EQ(encoded.changed, "alpha laid over white");
  const cv::Mat rgb = decoded(encoded).rgb;
  EXPECT_LE(cv::norm(rgb.at<cv::Vec3b>(8, 3), cv::Vec3b(255, 255, 255), cv::NORM_INF), 3);
  EXPECT_LE(cv::norm(rgb.at<cv::Vec3b>(8, 28), cv::Vec3b(200, 100, 0), cv::NORM_INF), 3);
}

TEST(ImageEncoder, GreyIsOneChannelWhereTheFormatHasThat) {
  const ImageFile image{.rgb = gradient(CV_8UC3), .grey = true};
  cv::Mat luma;
  cv::cvtColor(image.rgb, luma, cv::COLOR_RGB2GRAY);
  cv::cvtColor(luma, luma, cv::COLOR_GRAY2RGB);
  const ImageFile png = decoded(encode_image(image, ImageFormat::kPng));
  EXPECT_TRUE(png.grey);
  EXPECT_EQ(largest_difference(png.rgb, luma), 0);
  EXPECT_TRUE(decoded(encode_image(image, ImageFormat::kJpeg)).grey);
  ImageFile through = image;
  through.alpha = cv::Mat(image.rgb.size(), CV_8UC1, cv::Scalar(77));
  through.profile = profile_of("GRAY", 300);
  const ImageFile both = decoded(encode_image(through, ImageFormat::kPng));
  EXPECT_TRUE(both.grey);
  EXPECT_EQ(largest_difference(both.alpha, through.alpha), 0);
  EXPECT_EQ(both.profile, through.profile);
  EXPECT_FALSE(decoded(encode_image(image, ImageFormat::kWebp)).grey);
}

TEST(ImageEncoder, APictureTooLargeForItsFormatIsAnError) {
  const ImageFile wide{.rgb = cv::Mat(2, 16384, CV_8UC3, cv::Scalar::all(0))};
  EXPECT_THAT(error_of([&] { encode_image(wide, ImageFormat::kWebp, {}, "wide.webp"); }),
              HasSubstr("wide.webp: 16384x2 pixels, and WebP ends at 16383"));
}

TEST(ImageEncoder, FormatsAreToldByExtension) {
  EXPECT_EQ(format_of_name("a/b.PNG"), ImageFormat::kPng);
  EXPECT_EQ(format_of_name("b.jpeg"), ImageFormat::kJpeg);
  EXPECT_EQ(format_of_name("b.JPG"), ImageFormat::kJpeg);
  EXPECT_EQ(format_of_name("b.webp"), ImageFormat::kWebp);
  EXPECT_EQ(format_of_name("b.jfif"), ImageFormat::kJpeg);
  EXPECT_EQ(format_of_name("b.Tiff"), ImageFormat::kTiff);
  EXPECT_EQ(format_of_name("b.bmp"), std::nullopt);
  EXPECT_EQ(format_of_name("png"), std::nullopt);
}

}  // namespace
}  // namespace samsr
