#include "data/images/tiff_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/atomic_file.h"
#include "data/damaged_files.h"
#include "data/images/tiff_codec.h"
#include "data/images/tiff_handle.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using testing::error_of;
using ::testing::HasSubstr;
using testing::same_pixels;
using testing::TemporaryFolder;

cv::Mat tiff_noise(int height, int width, int channels, int bits) {
  cv::Mat pixels(height, width, CV_MAKETYPE(bits == 16 ? CV_16U : CV_8U, channels));
  cv::RNG(5).fill(pixels, cv::RNG::UNIFORM, 0, bits == 16 ? 65536 : 256);
  return pixels;
}

PictureLayout tiff_layout_of(const cv::Mat& pixels) {
  return {.width = pixels.cols,
          .height = pixels.rows,
          .channels = pixels.channels(),
          .bits = pixels.depth() == CV_16U ? 16 : 8};
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(TiffWriter, ReadsBackWhatWasWrittenInAnyPortions) {
  const TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    for (int bits : {8, 16}) {
      const cv::Mat pixels = tiff_noise(700, 300, channels, bits);
      const std::string profile = channels == 3 ? std::string(300, 'p') : std::string();
      const auto writer = make_tiff_writer(folder / "a.tif", tiff_layout_of(pixels), profile);
      for (int top = 0, rows = 1; top < pixels.rows; top += rows, rows = std::min(rows * 3, pixels.rows - top)) {
        writer->write(pixels.rowRange(top, top + rows));
      }
      writer->finish();
      const DecodedPicture back = decode_tiff(read_file(folder / "a.tif"), "a.tif", {});
      EXPECT_TRUE(same_pixels(back.pixels, pixels)) << channels << " channels of " << bits << " bits";
      EXPECT_EQ(back.profile, profile);
      EXPECT_TRUE(back.remarks.empty());
      EXPECT_EQ(back.orientation, 1);
    }
  }
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(TiffWriter, PacksSmoothPictures) {
  const TemporaryFolder folder;
  cv::Mat ramp(400, 400, CV_16UC3);
  for (int y = 0; y < ramp.rows; ++y) {
    for (int x = 0; x < ramp.cols; ++x) {
      ramp.at<cv::Vec3w>(y, x) = cv::Vec3w(static_cast<ushort>(x * 100), static_cast<ushort>(y * 100), 7);
    }
  }
  const auto writer = make_tiff_writer(folder / "a.tif", tiff_layout_of(ramp), "");
  writer->write(ramp);
  writer->finish();
  EXPECT_LT(fs::file_size(folder / "a.tif"), 400U * 400U * 6U / 20U);
}

TEST(TiffWriter, IsBigOnlyWhereThePixelsPass4Gb) {
  const TemporaryFolder folder;
  const auto starts_big = [&](std::int64_t side) {
    const auto writer =
        make_tiff_writer(folder / "a.tif", {.width = side, .height = side, .channels = 3, .bits = 16}, "");
    return read_file(temporary_name(folder / "a.tif")).substr(2, 1) == "+";
  };
  EXPECT_FALSE(starts_big(25000));
  EXPECT_TRUE(starts_big(27000));
}

TEST(TiffWriter, LeavesNothingWithoutFinish) {
  const TemporaryFolder folder;
  const cv::Mat pixels = tiff_noise(50, 300, 3, 8);
  {
    const auto writer = make_tiff_writer(folder / "a.tif", tiff_layout_of(pixels), "");
    writer->write(pixels.rowRange(0, 40));
    EXPECT_EQ(files_in(folder.path()), 1U);
    EXPECT_FALSE(fs::exists(folder / "a.tif"));
  }
  EXPECT_EQ(files_in(folder.path()), 0U);
}

// The limit of a process on the size of a file stands for a full disk.
TEST(TiffWriter, AFullDiskIsAnErrorAndLeavesTheOldFile) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.tif", "old");
  const cv::Mat pixels = tiff_noise(700, 700, 3, 8);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 600000, .rlim_max = old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] {
    const auto writer = make_tiff_writer(folder / "a.tif", tiff_layout_of(pixels), "");
    writer->write(pixels);
    writer->finish();
  });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, ignored);
  EXPECT_THAT(error, HasSubstr("a.tif: cannot be written: File too large; make room"));
  EXPECT_EQ(read_file(folder / "a.tif"), "old");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

TEST(TiffWriter, AMissingFolderIsAnError) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { make_tiff_writer(folder / "no/a.tif", {.width = 1, .height = 1}, ""); }),
              HasSubstr("no/a.tif: cannot be written: No such file"));
}

}  // namespace
}  // namespace samsr
