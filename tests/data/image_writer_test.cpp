#include "data/images/image_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "core/atomic_file.h"
#include "data/images/image_encoder.h"
#include "data/images/image_file.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::TemporaryFolder;
using testing::textured_picture;

constexpr std::array kWrittenFormats{ImageFormat::kPng, ImageFormat::kJpeg, ImageFormat::kWebp};

PictureLayout written_layout(const cv::Mat& picture) {
  return {.width = picture.cols,
          .height = picture.rows,
          .channels = picture.channels(),
          .bits = picture.depth() == CV_16U ? 16 : 8};
}

TEST(ImageWriter, RowsInPiecesMakeTheFileOfTheWholePicture) {
  const TemporaryFolder folder;
  const cv::Mat picture = textured_picture(61, 47);
  for (const ImageFormat format : kWrittenFormats) {
    const auto writer = make_image_writer(folder / "a", format, written_layout(picture), "", {});
    for (int y = 0; y < picture.rows;) {
      const int next = std::min(picture.rows, y + 1 + y % 9);
      writer->write(picture.rowRange(y, next));
      y = next;
    }
    EXPECT_FALSE(fs::exists(folder / "a"));
    writer->finish();
    EXPECT_TRUE(read_file(folder / "a") == encode_image({.rgb = picture}, format).bytes) << name_of(format);
    fs::remove(folder / "a");
  }
}

TEST(ImageWriter, PartsOfAPictureAreRowsLikeOthers) {  // rows that do not lie one behind the other
  const TemporaryFolder folder;
  const cv::Mat large = textured_picture(40, 50);
  const cv::Mat part = large(cv::Rect(7, 5, 20, 30));
  for (const ImageFormat format : kWrittenFormats) {
    const auto writer = make_image_writer(folder / "a", format, written_layout(part), "", {.webp_lossless = true});
    writer->write(part);
    writer->finish();
    EXPECT_LE(largest_difference(read_image(folder / "a").rgb, part), format == ImageFormat::kJpeg ? 90 : 0);
  }
}

TEST(ImageWriter, PngHoldsOneToFourChannelsOfBothDepths) {
  const TemporaryFolder folder;
  cv::RNG random(1);
  for (int channels = 1; channels <= 4; ++channels) {
    for (const int depth : {CV_8U, CV_16U}) {
      cv::Mat picture(9, 13, CV_MAKETYPE(depth, channels));
      random.fill(picture, cv::RNG::UNIFORM, 0, depth == CV_8U ? 256 : 65536);
      const auto writer = make_image_writer(folder / "a.png", ImageFormat::kPng, written_layout(picture), "", {});
      writer->write(picture);
      writer->finish();
      const ImageFile image = read_image(folder / "a.png", Bits::kKept);
      EXPECT_EQ(image.grey, channels <= 2);
      EXPECT_EQ(image.alpha.empty(), channels % 2 == 1);
      for (int c = 0; c < channels; ++c) {
        cv::Mat expected;
        cv::extractChannel(picture, expected, c);
        cv::Mat found;
        if (c < (channels <= 2 ? 1 : 3)) {
          cv::extractChannel(image.rgb, found, c);
        } else {
          found = image.alpha;
        }
        EXPECT_EQ(largest_difference(found, expected), 0) << channels << " " << c;
      }
    }
  }
}

TEST(ImageWriter, WithoutAnEndNothingIsThereAndTheOldStays) {
  const TemporaryFolder folder;
  const cv::Mat picture = textured_picture(20, 20);
  for (const ImageFormat format : kWrittenFormats) {
    testing::write_text(folder / "a", "old");
    {
      const auto writer = make_image_writer(folder / "a", format, written_layout(picture), "", {});
      writer->write(picture.rowRange(0, 10));
    }
    EXPECT_EQ(testing::contents(folder.path()).size(), 1U);
    EXPECT_EQ(read_file(folder / "a"), "old");
  }
}

TEST(ImageWriter, ALinkInThePlaceOfItsTemporaryFileIsNotFollowed) {
  const TemporaryFolder folder;
  testing::write_text(folder / "mine", "mine");
  fs::create_symlink(folder / "mine", temporary_name(folder / "a.png"));
  const cv::Mat picture = textured_picture(20, 20);
  const auto writer = make_image_writer(folder / "a.png", ImageFormat::kPng, written_layout(picture), "", {});
  writer->write(picture);
  writer->finish();
  EXPECT_EQ(read_file(folder / "mine"), "mine");
  EXPECT_EQ(largest_difference(read_image(folder / "a.png").rgb, picture), 0);
}

TEST(ImageWriter, APlaceThatCannotBeWrittenIsNamed) {
  const PictureLayout layout{.width = 2, .height = 2};
  for (const ImageFormat format : kWrittenFormats) {
    EXPECT_THAT(error_of([&] { make_image_writer("/proc/none/a", format, layout, "", {}); }),
                HasSubstr("/proc/none/a: cannot be written: "));
  }
}

TEST(ImageWriter, ASideLongerThanTheFormatAllowsIsRefusedBeforeAFileIsMade) {
  const TemporaryFolder folder;
  const PictureLayout layout{.width = 16384, .height = 2};
  EXPECT_THAT(error_of([&] { make_image_writer(folder / "a.webp", ImageFormat::kWebp, layout, "", {}); }),
              HasSubstr("a.webp: 16384x2 pixels, and WebP ends at 16383 a side"));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace samsr
