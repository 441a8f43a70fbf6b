#include "data/images/image_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/pnm_file.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using testing::error_of;
using testing::largest_difference;
using testing::TemporaryFolder;
using testing::write_text;

constexpr int kWidth = 32;
constexpr int kHeight = 24;

fs::path file(const std::string& name) { return fs::path(SAMSR_TEST_IMAGES) / name; }

/// The picture that every file of the folder shows, made by another program.
cv::Mat pattern() {
  cv::Mat rgb(kHeight, kWidth, CV_8UC3);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      rgb.at<cv::Vec3b>(y, x) =
          cv::Vec3b(static_cast<uchar>(x * 8), static_cast<uchar>(y * 10), static_cast<uchar>((x + y) * 4));
    }
  }
  return rgb;
}

struct Case {
  std::string name;
  std::vector<std::string> converted;
  double tolerance;  ///< lossy files differ from the pattern
};

class ReadImage : public ::testing::TestWithParam<Case> {};

TEST_P(ReadImage, GivesTheSamePictureFromEveryKindOfFile) {
  const ImageFile image = read_image(file(GetParam().name));
  EXPECT_EQ(image.rgb.type(), CV_8UC3);
  EXPECT_LE(largest_difference(image.rgb, pattern()), GetParam().tolerance);
  EXPECT_EQ(image.converted(), GetParam().converted);
}

INSTANTIATE_TEST_SUITE_P(Files, ReadImage,
                         ::testing::Values(Case{"rgb.png", {}, 0}, Case{"rgb.jpg", {}, 24}, Case{"rgb.webp", {}, 0},
                                           Case{"progressive.jpg", {}, 24}, Case{"palette.png", {}, 64},
                                           Case{"rgb16.png", {"16-bit"}, 0}, Case{"rgba.png", {"alpha"}, 0},
                                           Case{"cmyk.jpg", {"CMYK"}, 24}),
                         [](const auto& instance) {
                           std::string name = instance.param.name;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(ReadImageGrey, SpreadsOneChannelOverThree) {
  for (const std::string name : {"grey.png", "grey.jpg", "grey16.png"}) {
    const ImageFile image = read_image(file(name));
    std::vector<cv::Mat> planes;
    cv::split(image.rgb, planes);
    EXPECT_EQ(cv::norm(planes[0], planes[1], cv::NORM_INF), 0) << name;
    EXPECT_EQ(cv::norm(planes[0], planes[2], cv::NORM_INF), 0) << name;
    EXPECT_EQ(image.rgb.size(), cv::Size(kWidth, kHeight)) << name;
    EXPECT_TRUE(image.grey) << name;
    EXPECT_EQ(image.bits, name == "grey16.png" ? 16 : 8) << name;
    EXPECT_EQ(image.converted().size(), name == "grey16.png" ? 2U : 1U) << name;
  }
  EXPECT_EQ(read_image(file("grey16.png")).rgb.at<cv::Vec3b>(5, 17)[0], 17 * 8);
}

TEST(ReadImageAlpha, IsSplitOff) {
  for (const std::string name : {"rgba.png", "grey_alpha.png"}) {
    const ImageFile image = read_image(file(name));
    ASSERT_EQ(image.alpha.type(), CV_8UC1) << name;
    EXPECT_EQ(image.alpha.at<uchar>(3, 20), 160) << name;
    EXPECT_EQ(image.converted().back(), "alpha") << name;
    EXPECT_EQ(image.grey, name == "grey_alpha.png") << name;
  }
  EXPECT_TRUE(read_image(file("rgb.png")).alpha.empty());
}

TEST(ReadImageOrientation, TurnsThePictureUpright) {
  cv::Mat turned;  // orientation 6: to be turned clockwise
  cv::rotate(pattern(), turned, cv::ROTATE_90_CLOCKWISE);
  EXPECT_EQ(largest_difference(read_image(file("rotated.png")).rgb, turned), 0);
  EXPECT_EQ(largest_difference(read_image(file("rotated.webp")).rgb, turned), 0);
  EXPECT_LE(largest_difference(read_image(file("rotated.jpg")).rgb, turned), 24);
}

/// The bytes of a JPEG whose EXIF orientation is replaced by `orientation`.
std::string with_orientation(int orientation) {
  std::string bytes = read_file(file("rotated.jpg"));
  const std::size_t tag = bytes.find(std::string("\x01\x12\x00\x03", 4));  // big-endian, SHORT
  EXPECT_NE(tag, std::string::npos);
  bytes[tag + 9] = static_cast<char>(orientation);
  return bytes;
}

TEST(ReadImageOrientation, AllEightAgreeWithTheirMeaning) {
  // Where the first row and the first column of the stored picture lie when it is upright: EXIF 2.32, 4.6.4.
  const cv::Mat stored = decode_image(with_orientation(1), "stored").rgb;
  const int right = stored.cols - 1;
  const int low = stored.rows - 1;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const ImageFile image = decode_image(with_orientation(orientation), "turned");
    EXPECT_EQ(image.turned, orientation != 1);
    const auto expected = [&](int x, int y) {
      switch (orientation) {
        case 2:
          return cv::Point(right - x, y);
        case 3:
          return cv::Point(right - x, low - y);
        case 4:
          return cv::Point(x, low - y);
        case 5:
          return cv::Point(y, x);
        case 6:
          return cv::Point(low - y, x);
        case 7:
          return cv::Point(low - y, right - x);
        case 8:
          return cv::Point(y, right - x);
        default:
          return cv::Point(x, y);
      }
    };
    for (const auto& [x, y] : {std::pair{0, 0}, {right, 0}, {0, low}, {right, low}, {5, 3}}) {
      EXPECT_EQ(image.rgb.at<cv::Vec3b>(expected(x, y)), stored.at<cv::Vec3b>(y, x)) << orientation;
    }
  }
}

TEST(ReadImageErrors, NameTheFileAndTheReason) {
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  const auto error_with = [](const std::string& name) { return error_of([&] { read_image(file(name)); }); };
  EXPECT_THAT(error_with("truncated.jpg"), AllOf(HasSubstr("truncated.jpg"), HasSubstr("ends early")));
  EXPECT_THAT(error_with("truncated.png"), AllOf(HasSubstr("truncated.png"), HasSubstr("ends early")));
  EXPECT_THAT(error_with("text.png"), AllOf(HasSubstr("text.png"), HasSubstr("not an image")));
  EXPECT_THAT(error_with("empty.jpg"), AllOf(HasSubstr("empty.jpg"), HasSubstr("empty")));
  EXPECT_THAT(error_with("absent.png"), AllOf(HasSubstr("absent.png"), HasSubstr("cannot be read")));
  EXPECT_THAT(error_with(""), HasSubstr("is a folder"));
}

/// Bytes that may be missing at the end of a file: its end marker.
std::size_t end_marker(const std::string& name) { return name.ends_with(".jpg") ? 2 : name.ends_with(".png") ? 12 : 0; }

TEST(ReadImageErrors, RefuseEveryCutThatLosesMoreThanTheEndMarker) {
  for (const std::string name :
       {"rotated.jpg", "rotated.png", "rotated.webp", "cmyk.jpg", "profile.jpg", "profile.png", "profile.webp"}) {
    const std::string whole = read_file(file(name));
    for (std::size_t size = 0; size + end_marker(name) < whole.size(); ++size) {
      EXPECT_THROW(decode_image(whole.substr(0, size), name), UserError) << name << " cut to " << size;
    }
    const ImageFile without = decode_image(whole.substr(0, whole.size() - end_marker(name)), name);
    EXPECT_EQ(largest_difference(without.rgb, decode_image(whole, name).rgb), 0) << name;
  }
}

TEST(ReadImageErrors, SayWhatAForeignFileIs) {
  const std::map<std::string, std::string> files{
      {std::string("\0\0\0\x1C"
                   "ftypavif\0\0\0\0avifmif1miaf",
                   28),
       "is an AVIF picture, which samsr does not read"},
      {std::string("\0\0\0\x18"
                   "ftypmif1\0\0\0\0mif1heic",
                   24),
       "is a HEIC picture, which samsr does not read"},
      {std::string("\0\0\0\x18"
                   "ftypisom\0\0\0\0isommp42",
                   24),
       "is a video, not a picture"},
      {"\xFF\x0A abc", "is a JPEG XL picture"},
      {std::string("\0\0\0\x0CJXL \r\n\x87\n", 12), "is a JPEG XL picture"},
      {std::string("\0\0\0\x0CjP  \r\n\x87\n", 12), "is a JPEG 2000 picture"},
      {"GIF89a...", "is a GIF picture, which samsr does not read; convert it to PNG"},
      {"8BPS...", "is a Photoshop file"},
      {"%PDF-1.7", "is a PDF document, not a picture"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:1", "is a Git LFS pointer, not a picture: run git lfs"},
      {"\n<!DOCTYPE HTML>\n<html>", "is an HTML page, not a picture: was the download refused?"},
      {"\xEF\xBB\xBF<html lang=\"en\">", "is an HTML page, not a picture: was the download refused?"},
      {"<?xml version=\"1.0\"?><svg>", "is an SVG drawing"},
      {"PK\3\4", "is a ZIP archive"},
      {"plain words", "not an image of a known format"},
      {"", "the file is empty"}};
  for (const auto& [bytes, message] : files) {
    EXPECT_THAT(error_of([&] { decode_image(bytes, "a.png"); }), ::testing::HasSubstr("a.png: " + message));
  }
}

TEST(ReadImage, ContentDecidesNotTheName) {
  const TemporaryFolder folder;
  fs::copy_file(file("rgb.webp"), folder / "a.jpg");
  const ImageFile image = read_image(folder / "a.jpg");
  EXPECT_EQ(largest_difference(image.rgb, pattern()), 0);
  EXPECT_STREQ(image.format, "WebP");
}

TEST(ReadImage, LimitsHoldForEveryFormat) {
  const TemporaryFolder folder;
  const cv::Mat large(1000, 1100, CV_8UC3, cv::Scalar(1, 2, 3));
  write_png(folder / "a.png", large);
  testing::write_pnm(folder / "a.ppm", large);
  for (const char* name : {"a.png", "a.ppm"}) {
    EXPECT_THAT(error_of([&] { read_image(folder / name, Bits::kEight, {.megapixels = 1}); }),
                ::testing::HasSubstr(std::string(name) + ": has 1100 x 1000 pixels, above images.max_megapixels=1"));
    EXPECT_EQ(read_image(folder / name, Bits::kEight, {.megapixels = 2}).rgb.cols, 1100);
  }
}

// A hole of any length behind a picture costs nothing on the disk.
TEST(ReadImage, AFileAboveTheLimitsIsRefusedBeforeItIsRead) {
  const TemporaryFolder folder;
  write_png(folder / "a.png", pattern());
  fs::resize_file(folder / "a.png", 300'000'000);
  EXPECT_THAT(error_of([&] { read_image(folder / "a.png", Bits::kEight, {.memory_mb = 100}); }),
              ::testing::HasSubstr("a.png: the file has 300 MB, above images.max_memory_mb=100; raise it"));
  EXPECT_EQ(read_image(folder / "a.png", Bits::kEight, {.memory_mb = 400}).rgb.cols, kWidth);
  fs::resize_file(folder / "a.png", std::uintmax_t{8} << 40);
  for (const auto& read : {std::function([&] { read_image(folder / "a.png"); }),
                           std::function([&] { read_picture_file(folder / "a.png"); })}) {
    EXPECT_THAT(error_of(read), ::testing::HasSubstr("a.png: the file has 8796094 MB, above half of the memory"));
  }
}

TEST(ImageFolder, WritesPngsThatReadBackEqual) {
  const TemporaryFolder folder;
  cv::Mat alpha(kHeight, kWidth, CV_8UC1, cv::Scalar(77));
  write_png(folder / "a.png", pattern(), alpha);
  const ImageFile image = read_image(folder / "a.png");
  EXPECT_EQ(largest_difference(image.rgb, pattern()), 0);
  EXPECT_EQ(largest_difference(image.alpha, alpha), 0);
  write_png(folder / "b.png", pattern());
  EXPECT_TRUE(read_image(folder / "b.png").alpha.empty());
}

TEST(ImageFolder, ListsImagesOfSubfoldersSorted) {
  const TemporaryFolder folder;
  for (const char* name : {"b.PNG", "a.jpg", "sub/c.webp", "notes.txt", ".hidden.png"}) {
    write_text(folder / name, "x");
  }
  EXPECT_THAT(list_images(folder.path()),
              ::testing::ElementsAre(folder / "a.jpg", folder / "b.PNG", folder / "sub/c.webp"));
  EXPECT_THROW(list_images(folder / "absent"), UserError);
  EXPECT_THROW(list_images(folder / "a.jpg"), UserError);
}

TEST(ImageTensor, KeepsChannelsAndPlaces) {
  const at::Tensor tensor = to_tensor(pattern());
  EXPECT_EQ(tensor.sizes(), (std::vector<std::int64_t>{1, 3, kHeight, kWidth}));
  EXPECT_EQ(tensor[0][0][2][5].item<int>(), 40);
  EXPECT_EQ(tensor[0][1][2][5].item<int>(), 20);
  EXPECT_EQ(tensor[0][2][2][5].item<int>(), 28);
  EXPECT_EQ(largest_difference(to_mat(tensor), pattern()), 0);
  EXPECT_EQ(largest_difference(to_mat(tensor[0]), pattern()), 0);
  EXPECT_THROW(to_mat(tensor.to(at::kFloat)), c10::Error);
}

}  // namespace
}  // namespace samsr
