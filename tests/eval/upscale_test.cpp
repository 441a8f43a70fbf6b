#include "eval/upscale/upscale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <chrono>
#include <map>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/image_encoder.h"
#include "data/images/image_file.h"
#include "eval/upscaling.h"
#include "models/first_stage/first_stage.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/pnm_file.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::bicubic;
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::small_model;
using testing::smooth_picture;

class UpscaleFiles : public ::testing::Test {
 protected:
  UpscaleFiles() : in_(scratch_.folder("in")) {}

  void run(const fs::path& in, const fs::path& out) {
    upscale_files(loaded_, settings_, MaskSettings(), in, out, *comm_, log_);
  }

  std::string error_in(const fs::path& in, const fs::path& out) {
    return error_of([&] { run(in, out); });
  }

  testing::TemporaryFolder scratch_;
  fs::path in_;
  LoadedModel loaded_ = small_model("student", false);
  UpscaleSettings settings_;
  const std::unique_ptr<Communicator> comm_ = make_single_communicator();
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(UpscaleFiles, GreyStaysGreyInEveryFormat) {
  cv::Mat grey;
  cv::cvtColor(smooth_picture(20, 30, 1), grey, cv::COLOR_RGB2GRAY);
  testing::write_pnm(in_ / "grey.pgm", grey);
  const ImageFile image = read_image(in_ / "grey.pgm");
  for (const char* name : {"grey.png", "grey.jpg", "grey.webp"}) {
    testing::write_text(in_ / name, encode_image(image, *format_of_name(name)).bytes);
  }
  for (const char* name : {"grey.png", "grey.jpg", "grey.webp", "grey.pgm"}) {
    run(in_ / name, scratch_ / "result.png");
    const ImageFile result = read_image(scratch_ / "result.png");
    EXPECT_EQ(result.rgb.size(), cv::Size(120, 80)) << name;
    EXPECT_EQ(result.grey, std::string(name) != "grey.webp") << name;  // WebP has no grey
  }
}

TEST_F(UpscaleFiles, SixteenBitsReachTheNetworkAndTheResult) {
  cv::Mat wide;
  smooth_picture(20, 30, 1).convertTo(wide, CV_16UC3, 257);
  wide += cv::Scalar::all(100);  // less than one of 256 steps
  const std::string png = encode_image({.rgb = wide}, ImageFormat::kPng).bytes;
  write_file_atomically(in_ / "wide.png", png);
  run(in_ / "wide.png", scratch_ / "a.png");
  const ImageFile result = read_image(scratch_ / "a.png", Bits::kKept);
  ASSERT_EQ(result.rgb.type(), CV_16UC3);
  const at::Tensor lq = at::from_blob(wide.data, {1, 20, 30, 3}, at::kUInt16).to(at::kFloat).permute({0, 3, 1, 2});
  const at::Tensor expected = enlarge_bicubic(lq, 4).clamp(0, 65535)[0].permute({1, 2, 0}).contiguous();
  cv::Mat numbers;
  result.rgb.convertTo(numbers, CV_32F);
  const cv::Rect inside(0, 0, 100, 60);  // the network's padding mirrors the other borders, bicubic repeats them
  EXPECT_LE(largest_difference(numbers(inside), cv::Mat(80, 120, CV_32FC3, expected.data_ptr<float>())(inside)), 2);

  settings_.bits = "8";
  run(in_ / "wide.png", scratch_ / "b.png");
  EXPECT_EQ(read_image(scratch_ / "b.png", Bits::kKept).rgb.type(), CV_8UC3);
  settings_.bits = "auto";
  run(in_ / "wide.png", scratch_ / "c.jpg");
  EXPECT_THAT(out_.str(), HasSubstr("16 bits became 8: wide.png"));
  settings_.bits = "16";
  EXPECT_THAT(error_in(in_ / "wide.png", scratch_ / "d.jpg"), HasSubstr("JPEG cannot hold"));
  write_png(in_ / "narrow.png", smooth_picture(5, 5, 1));
  run(in_ / "narrow.png", scratch_ / "e.png");
  EXPECT_EQ(read_image(scratch_ / "e.png", Bits::kKept).rgb.type(), CV_16UC3);
}

TEST_F(UpscaleFiles, AlphaIsKeptWhereTheFormatHasIt) {
  cv::Mat alpha(20, 30, CV_8UC1, cv::Scalar(0));
  alpha.colRange(15, 30) = 255;
  write_png(in_ / "a.png", smooth_picture(20, 30, 1), alpha);
  for (const char* name : {"b.png", "b.webp"}) {
    run(in_ / "a.png", scratch_ / name);
    const ImageFile result = read_image(scratch_ / name);
    ASSERT_EQ(result.alpha.size(), cv::Size(120, 80)) << name;
    EXPECT_EQ(result.alpha.at<unsigned char>(40, 10), 0) << name;
    EXPECT_EQ(result.alpha.at<unsigned char>(40, 110), 255) << name;
  }
  EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr("alpha")));
  run(in_ / "a.png", scratch_ / "b.jpg");
  EXPECT_THAT(out_.str(), HasSubstr("alpha laid over white: a.png"));
}

// A sprite: one colour, and whatever under what cannot be seen.
TEST_F(UpscaleFiles, ColoursThatCannotBeSeenAreNotSeenByTheNetwork) {
  cv::Mat alpha(48, 48, CV_8UC1, cv::Scalar(0));
  cv::circle(alpha, {24, 24}, 15, cv::Scalar(255), cv::FILLED);
  const cv::Mat visible = alpha > 0;
  for (const cv::Scalar& hidden : {cv::Scalar(0, 0, 0), cv::Scalar(255, 255, 255), cv::Scalar(0, 255, 0)}) {
    cv::Mat rgb(48, 48, CV_8UC3, hidden);
    rgb.setTo(cv::Scalar(200, 40, 40), visible);
    write_png(in_ / "sprite.png", rgb, alpha);
    run(in_ / "sprite.png", scratch_ / "large.png");
    const ImageFile result = read_image(scratch_ / "large.png");
    EXPECT_LE(largest_difference(result.rgb, cv::Mat(192, 192, CV_8UC3, cv::Scalar(200, 40, 40))), 2) << hidden;
  }
}

TEST_F(UpscaleFiles, TiffIsAFormatOfResults) {
  cv::Mat wide;
  smooth_picture(20, 30, 1).convertTo(wide, CV_16UC3, 257);
  write_file_atomically(in_ / "wide.png", encode_image({.rgb = wide}, ImageFormat::kPng).bytes);
  settings_.format = "tiff";
  run(in_, scratch_ / "out");
  run(in_ / "wide.png", scratch_ / "r.png");
  const ImageFile result = read_image(scratch_ / "out/wide.tif", Bits::kKept);
  ASSERT_EQ(result.rgb.type(), CV_16UC3);
  EXPECT_EQ(largest_difference(result.rgb, read_image(scratch_ / "r.png", Bits::kKept).rgb), 0);
}

TEST_F(UpscaleFiles, ASideThatTheFormatLacksIsRefusedBeforeTheWork) {
  write_png(in_ / "long.png", smooth_picture(1, 4096, 1));
  EXPECT_THAT(error_in(in_ / "long.png", scratch_ / "r.webp"), AllOf(HasSubstr("long.png"), HasSubstr("16383")));
  write_png(in_ / "tall.png", smooth_picture(16400, 1, 1));
  EXPECT_THAT(error_in(in_ / "tall.png", scratch_ / "r.jpg"), AllOf(HasSubstr("tall.png"), HasSubstr("65500")));
  EXPECT_FALSE(fs::exists(scratch_ / "r.webp"));
  EXPECT_THAT(out_.str(), ::testing::Not(HasSubstr("tile")));
}

TEST_F(UpscaleFiles, APictureThatNeedsMoreMemoryThanIsAllowedIsLeftOut) {
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  cv::Mat large(600, 700, CV_8UC3, cv::Scalar::all(90));
  fs::create_directories(in_ / "sub");
  write_png(in_ / "sub/large.png", large);
  settings_.tiles.tile = 4096;
  settings_.memory_mb = 600;
  EXPECT_THAT(error_in(in_, scratch_ / "out"), AllOf(HasSubstr("1 of 2 images"), HasSubstr("large.png")));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr((in_ / "sub/large.png").string() + ": "), HasSubstr("2800x2400 pixels"),
                                HasSubstr("upscale.memory_mb is 600")));
  EXPECT_TRUE(fs::exists(scratch_ / "out/a.png"));
}

TEST_F(UpscaleFiles, ALongNameDoesNotEndTheOthers) {
  fs::create_directories(in_ / "sub");
  const std::string lengthy = std::string(246, 'b') + ".png";
  for (const std::string& name : {std::string("a.png"), lengthy, std::string("c.png"), std::string("sub/d.png")}) {
    write_png(in_ / "short", smooth_picture(10, 12, 1));
    fs::rename(in_ / "short", in_ / name);
  }
  const std::string error = error_in(in_, scratch_ / "out");
  EXPECT_TRUE(fs::exists(scratch_ / "out" / lengthy) || error.find("1 of 4 images") != std::string::npos) << error;
  for (const char* name : {"a.png", "c.png", "sub/d.png"}) {
    EXPECT_TRUE(fs::exists(scratch_ / "out" / name)) << name;
  }
}

TEST_F(UpscaleFiles, TheProfileGoesAlongAndTheOrientationIsAppliedOnce) {
  const fs::path images = fs::path(SAMSR_TEST_IMAGES);
  for (const char* name : {"profile.png", "profile.jpg", "profile.webp"}) {
    for (const char* result : {"r.png", "r.jpg", "r.webp"}) {
      run(images / name, scratch_ / result);
      EXPECT_EQ(read_image(scratch_ / result).profile, read_image(images / name).profile) << name << " " << result;
    }
  }
  const cv::Mat upright = bicubic(read_image(images / "rotated.jpg").rgb);
  for (const char* result : {"r.png", "r.jpg", "r.webp"}) {
    run(images / "rotated.jpg", scratch_ / result);
    EXPECT_GT(cv::PSNR(read_image(scratch_ / result).rgb, upright), 30) << result;
  }
  run(images / "cmyk.jpg", scratch_ / "r.png");
  EXPECT_THAT(out_.str(), HasSubstr("CMYK became RGB without its colour profile: cmyk.jpg"));
}

TEST_F(UpscaleFiles, AFolderHasTheFormatAskedFor) {
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  testing::write_text(in_ / "b.jpeg", encode_image({.rgb = smooth_picture(10, 12, 2)}, ImageFormat::kJpeg).bytes);
  testing::write_pnm(in_ / "c.ppm", smooth_picture(10, 12, 3));
  for (const auto& [format, names] :
       std::map<std::string, std::vector<std::string>>{{"png", {"a.png", "b.png", "c.png"}},
                                                       {"jpeg", {"a.jpg", "b.jpg", "c.jpg"}},
                                                       {"webp", {"a.webp", "b.webp", "c.webp"}},
                                                       {"tiff", {"a.tif", "b.tif", "c.tif"}},
                                                       {"same", {"a.png", "b.jpeg", "c.png"}}}) {
    settings_.format = format;
    run(in_, scratch_ / format);
    std::vector<std::string> found;
    for (const fs::path& path : list_images(scratch_ / format)) {
      found.push_back(path.filename().string());
      EXPECT_EQ(read_image(path).rgb.size(), cv::Size(48, 40)) << path;
    }
    EXPECT_EQ(found, names);
  }
}

TEST_F(UpscaleFiles, AFolderIsDoneInSpiteOfBadFiles) {
  fs::create_directories(in_ / "sub");
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  write_png(in_ / "sub/c.png", smooth_picture(9, 5, 2));
  testing::write_text(in_ / "b.jpg", "no image at all");
  EXPECT_THAT(error_in(in_, scratch_ / "out"), AllOf(HasSubstr("1 of 3 images"), HasSubstr("b.jpg")));
  EXPECT_THAT(out_.str(), HasSubstr("b.jpg"));
  EXPECT_EQ(read_image(scratch_ / "out/a.png").rgb.size(), cv::Size(48, 40));
  EXPECT_EQ(read_image(scratch_ / "out/sub/c.png").rgb.size(), cv::Size(20, 36));
}

TEST_F(UpscaleFiles, GoesOnWhereItStoppedWithTheSameSettingsOnly) {
  for (const char* name : {"a.png", "b.png", "c.png"}) {
    write_png(in_ / name, smooth_picture(10, 12, 1));
  }
  const fs::path out = scratch_ / "out";
  run(in_, out);
  const std::string before = read_file(out / "b.png");
  fs::remove(out / "a.png");
  const fs::path half = temporary_name(out / "b.png");
  testing::write_text(half, "half");  // what a killed run leaves
  write_png(in_ / "c.png", smooth_picture(11, 12, 1));
  settings_.tiles.batch = 3;  // changes no byte
  run(in_, out);
  EXPECT_THAT(out_.str(), HasSubstr("1 of 3 results are there already and kept"));
  EXPECT_EQ(read_file(out / "a.png"), before);
  EXPECT_FALSE(fs::exists(half));
  EXPECT_EQ(read_image(out / "c.png").rgb.size(), cv::Size(48, 44));

  settings_.seed = 2;
  EXPECT_THAT(error_in(in_, out),
              AllOf(HasSubstr("other settings (upscale.seed: 1 → 2)"), HasSubstr("upscale.resume=false")));
  EXPECT_THAT(error_in(in_ / "a.png", out), HasSubstr("other settings"));
  settings_.resume = false;
  fs::remove(in_ / "b.png");
  run(in_, out);
  EXPECT_EQ(error_in(in_, out), "no error");
  settings_.seed = 1;
  settings_.resume = true;
  EXPECT_THAT(error_in(in_, out), HasSubstr("upscale.seed: 2 → 1"));
  loaded_ = small_model("student", true);
  settings_.seed = 2;
  EXPECT_THAT(error_in(in_, out), HasSubstr("network.checksum"));
}

TEST_F(UpscaleFiles, ResultsOfUnknownOriginAreNotKept) {
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  write_png(scratch_.folder("out") / "a.png", smooth_picture(3, 3, 1));
  write_png(scratch_ / "out/mine.png", smooth_picture(3, 3, 1));
  EXPECT_THAT(error_in(in_, scratch_ / "out"), HasSubstr("no record of how they were made"));
  EXPECT_EQ(read_image(scratch_ / "out/a.png").rgb.size(), cv::Size(3, 3));
  settings_.resume = false;
  run(in_, scratch_ / "out");
  EXPECT_EQ(read_image(scratch_ / "out/a.png").rgb.size(), cv::Size(48, 40));
  EXPECT_EQ(read_image(scratch_ / "out/mine.png").rgb.size(), cv::Size(3, 3));
}

TEST_F(UpscaleFiles, WrongPlaces) {
  EXPECT_THAT(error_in(scratch_ / "absent", scratch_ / "out"), HasSubstr("absent"));
  EXPECT_THAT(error_in(in_, scratch_ / "out"), HasSubstr("holds no image"));
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  EXPECT_THAT(error_in(in_, in_), HasSubstr("same folder"));
  EXPECT_THAT(error_in(in_ / "a.png", in_ / "a.png"), HasSubstr("same file"));
  EXPECT_THAT(error_in(in_ / "a.png", scratch_ / "x.gif"), HasSubstr(".png, .jpg, .jpeg, .webp, .tif or .tiff"));
  EXPECT_THAT(error_in(in_ / "a.png", in_), HasSubstr("replace the picture itself"));
  EXPECT_THAT(error_in(in_, in_ / "results"), HasSubstr("lies in the folder of the pictures"));
  EXPECT_THAT(error_in(in_, in_ / "a.png"), HasSubstr("need a folder"));
  fs::copy_file(in_ / "a.png", in_ / "a.bmp");
  EXPECT_THAT(error_in(in_, scratch_ / "out"), HasSubstr("would both become"));
  testing::write_text(scratch_ / "bad.png", "x");
  EXPECT_THAT(error_in(scratch_ / "bad.png", scratch_ / "y.png"), HasSubstr("bad.png"));
}

}  // namespace
}  // namespace samsr
