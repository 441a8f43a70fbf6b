#include "eval/upscale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/image_file.h"
#include "eval/bicubic.h"
#include "eval/noise_field.h"
#include "scratch_folder.h"
#include "synthetic_image.h"
#include "support/small_model.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::synthetic_image;

/// A fresh model gives the bicubic image; a trained one, stood in for by random output weights, adds a residual.
LoadedModel small_model(const std::string& kind, bool trained) {
  LoadedModel loaded{std::make_unique<SuperResolutionModel>(testing::small_model_settings(2), 1), kind};
  if (trained) {
    const torch::NoGradGuard no_grad;
    for (auto& item : loaded.model->unet()->named_parameters()) {
      if (item.key() == "out.2.weight") {
        item.value().normal_(0, 0.003);
      }
    }
  }
  return loaded;
}

cv::Mat bicubic(const cv::Mat& rgb) { return to_mat(upscale_bicubic(to_tensor(rgb), 4)); }

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  EXPECT_EQ(a.size(), b.size());
  return cv::norm(a, b, cv::NORM_INF);
}

TEST(Upscaler, AnySize) {
  LoadedModel loaded = small_model("sam_student", false);
  UpscaleSettings settings;
  settings.tiles = {.tile = 32, .overlap = 8, .batch = 2};
  const Upscaler upscaler(loaded, settings, MaskSettings());
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(3, 40), cv::Size(50, 37), cv::Size(16, 16)}) {
    const cv::Mat rgb = synthetic_image(size.height, size.width, 3);
    EXPECT_LE(largest_difference(upscaler.upscale(rgb), bicubic(rgb)), 1) << size;
  }
}

TEST(Upscaler, SamplerAndNoiseFollowTheKindOfModel) {
  const cv::Mat rgb = synthetic_image(20, 40, 3);
  for (const auto& [kind, sampler, words] : {std::array{"student", "auto", "one step, plain noise"},
                                             std::array{"sam_student", "auto", "one step, noise shaped by masks (graph)"},
                                             std::array{"student", "rollout", "rollout sampling in 2 steps"},
                                             std::array{"teacher", "auto", "ancestral sampling in 2 steps"},
                                             std::array{"teacher", "one_step", "one step, plain noise"}}) {
    LoadedModel loaded = small_model(kind, false);
    UpscaleSettings settings;
    settings.tiles = {.tile = 32, .overlap = 8, .batch = 2};
    settings.sampler = sampler;
    const Upscaler upscaler(loaded, settings, MaskSettings());
    EXPECT_THAT(upscaler.describe(), HasSubstr(words));
    EXPECT_LE(largest_difference(upscaler.upscale(rgb), bicubic(rgb)), 1) << kind << " " << sampler;
  }
}

TEST(Upscaler, SameSeedSamePictureOtherSeedAnother) {
  LoadedModel loaded = small_model("student", true);
  const cv::Mat rgb = synthetic_image(30, 45, 4);
  UpscaleSettings settings;
  const cv::Mat first = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  EXPECT_GT(largest_difference(first, bicubic(rgb)), 1);
  EXPECT_EQ(largest_difference(first, Upscaler(loaded, settings, MaskSettings()).upscale(rgb)), 0);
  settings.seed = 2;
  EXPECT_GT(largest_difference(first, Upscaler(loaded, settings, MaskSettings()).upscale(rgb)), 0);
}

TEST(Upscaler, MasksShapeTheNoise) {
  LoadedModel loaded = small_model("sam_student", true);
  cv::Mat rgb(64, 64, CV_8UC3, cv::Scalar(40, 90, 160));
  cv::circle(rgb, {32, 32}, 14, cv::Scalar(220, 60, 30), cv::FILLED);
  UpscaleSettings settings;
  ASSERT_GT(picture_coverage(rgb, 4, 64, *make_mask_source(MaskSettings()), 0.5).max().item<int>(), 0);
  const cv::Mat shaped = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  settings.masks = "none";
  EXPECT_GT(largest_difference(shaped, Upscaler(loaded, settings, MaskSettings()).upscale(rgb)), 0);
}

TEST(Upscaler, TiledIsCloseToUntiled) {
  LoadedModel loaded = small_model("student", true);
  const cv::Mat rgb = synthetic_image(96, 96, 5);
  UpscaleSettings settings;
  settings.tiles.tile = 96;
  const cv::Mat whole = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  settings.tiles = {.tile = 64, .overlap = 32, .batch = 4};
  const cv::Mat tiled = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  EXPECT_GT(cv::PSNR(whole, tiled), 40);
}

TEST(Upscaler, CoverageIsMadeWindowByWindow) {
  const cv::Mat rgb = synthetic_image(70, 130, 6);
  const auto masks = make_mask_source(MaskSettings());
  const at::Tensor counts = picture_coverage(rgb, 4, 64, *masks, 0.5);
  ASSERT_EQ(counts.sizes(), at::IntArrayRef({1, 1, 70, 130}));
  EXPECT_EQ(picture_coverage(synthetic_image(1, 1, 7), 4, 64, *masks, 0.5).numel(), 1);
}

TEST(NoiseField, APieceIsTheSameWhereverItIsCut) {
  const NoiseField field(7, 3);
  const at::Tensor whole = field.piece(0, 0, 0, 150, 200);
  EXPECT_TRUE(at::equal(whole.slice(2, 30, 140).slice(3, 60, 199), field.piece(0, 30, 60, 110, 139)));
  EXPECT_FALSE(at::equal(field.piece(1, 0, 0, 8, 8), field.piece(0, 0, 0, 8, 8)));
  EXPECT_FALSE(at::equal(NoiseField(8, 3).piece(0, 0, 0, 8, 8), field.piece(0, 0, 0, 8, 8)));
  EXPECT_NEAR(whole.mean().item<double>(), 0, 0.02);
  EXPECT_NEAR(whole.std().item<double>(), 1, 0.02);
}

class UpscaleFiles : public ::testing::Test {
 protected:
  UpscaleFiles() : in_(scratch_.folder("in")) {}

  void run(const fs::path& in, const fs::path& out) {
    upscale_files(loaded_, settings_, MaskSettings(), in, out, log_);
  }

  std::string error_of(const fs::path& in, const fs::path& out) {
    try {
      run(in, out);
    } catch (const UserError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "no error";
  }

  testing::ScratchFolder scratch_;
  fs::path in_;
  LoadedModel loaded_ = small_model("student", false);
  UpscaleSettings settings_;
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(UpscaleFiles, OneFileOfEachKind) {
  const cv::Mat rgb = synthetic_image(20, 30, 1);
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::Mat wide;
  grey.convertTo(wide, CV_16U, 257);
  for (const char* name : {"grey.png", "grey.jpg", "grey.webp", "grey.bmp"}) {
    cv::imwrite((in_ / name).string(), grey);
    run(in_ / name, scratch_ / "grey.png");
    EXPECT_EQ(read_image(scratch_ / "grey.png").rgb.size(), cv::Size(120, 80)) << name;
  }
  cv::imwrite((in_ / "wide.png").string(), wide);
  run(in_ / "wide.png", scratch_.folder("out"));
  cv::Mat three;
  cv::cvtColor(grey, three, cv::COLOR_GRAY2RGB);
  EXPECT_LE(largest_difference(read_image(scratch_ / "out/wide.png").rgb, bicubic(three)), 1);
}

TEST_F(UpscaleFiles, AlphaIsKept) {
  cv::Mat alpha(20, 30, CV_8UC1, cv::Scalar(0));
  alpha.colRange(15, 30) = 255;
  write_png(in_ / "a.png", synthetic_image(20, 30, 1), alpha);
  run(in_ / "a.png", scratch_ / "b.png");
  const ImageFile result = read_image(scratch_ / "b.png");
  ASSERT_EQ(result.alpha.size(), cv::Size(120, 80));
  EXPECT_EQ(result.alpha.at<unsigned char>(40, 10), 0);
  EXPECT_EQ(result.alpha.at<unsigned char>(40, 110), 255);
}

TEST_F(UpscaleFiles, AFolderIsDoneInSpiteOfBadFiles) {
  fs::create_directories(in_ / "sub");
  write_png(in_ / "a.png", synthetic_image(10, 12, 1));
  write_png(in_ / "sub/c.png", synthetic_image(9, 5, 2));
  testing::write_text(in_ / "b.jpg", "no image at all");
  EXPECT_THAT(error_of(in_, scratch_ / "out"), AllOf(HasSubstr("1 of 3 images"), HasSubstr("b.jpg")));
  EXPECT_THAT(out_.str(), HasSubstr("b.jpg"));
  EXPECT_EQ(read_image(scratch_ / "out/a.png").rgb.size(), cv::Size(48, 40));
  EXPECT_EQ(read_image(scratch_ / "out/sub/c.png").rgb.size(), cv::Size(20, 36));
}

TEST_F(UpscaleFiles, ResumesOnlyWhenAsked) {
  write_png(in_ / "a.png", synthetic_image(10, 12, 1));
  write_png(scratch_.folder("out") / "a.png", synthetic_image(3, 3, 1));
  settings_.resume = true;
  run(in_, scratch_ / "out");
  EXPECT_EQ(read_image(scratch_ / "out/a.png").rgb.size(), cv::Size(3, 3));
  EXPECT_THAT(out_.str(), HasSubstr("1 of 1 results are there already"));
  settings_.resume = false;
  run(in_, scratch_ / "out");
  EXPECT_EQ(read_image(scratch_ / "out/a.png").rgb.size(), cv::Size(48, 40));
}

TEST_F(UpscaleFiles, WrongPlaces) {
  EXPECT_THAT(error_of(scratch_ / "absent", scratch_ / "out"), HasSubstr("absent"));
  EXPECT_THAT(error_of(in_, scratch_ / "out"), HasSubstr("holds no image"));
  write_png(in_ / "a.png", synthetic_image(10, 12, 1));
  EXPECT_THAT(error_of(in_, in_), HasSubstr("same folder"));
  EXPECT_THAT(error_of(in_ / "a.png", in_ / "a.png"), HasSubstr("same file"));
  EXPECT_THAT(error_of(in_ / "a.png", scratch_ / "x.jpg"), HasSubstr("written as PNG"));
  EXPECT_THAT(error_of(in_, in_ / "a.png"), HasSubstr("need a folder"));
  fs::copy_file(in_ / "a.png", in_ / "a.bmp");
  EXPECT_THAT(error_of(in_, scratch_ / "out"), HasSubstr("would both become"));
  testing::write_text(scratch_ / "bad.png", "x");
  EXPECT_THAT(error_of(scratch_ / "bad.png", scratch_ / "y.png"), HasSubstr("bad.png"));
}

}  // namespace
}  // namespace samsr
