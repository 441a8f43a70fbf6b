#include "eval/upscale/upscale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/build/single_threaded.h"
#include "data/build/stages/masks_stage.h"
#include "data/build/stages/sample_images.h"
#include "data/images/image_file.h"
#include "eval/upscale/bicubic.h"
#include "eval/upscale/noise_field.h"
#include "models/first_stage/first_stage.h"
#include "segmentation/coverage_of.h"
#include "support/device.h"
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
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::smooth_picture;

/// A fresh model gives the bicubic image; a trained one, stood in for by random output weights, adds a residual.
LoadedModel small_model(const std::string& kind, bool trained) {
  LoadedModel loaded{std::make_unique<SuperResolutionModel>(testing::small_model_settings(2), 1),
                     &method_of_kind(kind, "a test")};
  if (trained) {
    testing::shake_output(*loaded.model);
  }
  loaded.model->to(testing::device());
  return loaded;
}

cv::Mat bicubic(const cv::Mat& rgb) { return to_mat(upscale_bicubic(to_tensor(rgb), 4)); }

TEST(Upscaler, AnySize) {
  LoadedModel loaded = small_model("sam_student", false);
  UpscaleSettings settings;
  settings.tiles = {.tile = 32, .overlap = 8, .batch = 2};
  const Upscaler upscaler(loaded, settings, MaskSettings());
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(3, 40), cv::Size(50, 37), cv::Size(16, 16)}) {
    const cv::Mat rgb = smooth_picture(size.height, size.width, 3);
    EXPECT_LE(largest_difference(upscaler.upscale(rgb), bicubic(rgb)), 1) << size;
  }
}

TEST(Upscaler, SamplerAndNoiseFollowTheKindOfModel) {
  const cv::Mat rgb = smooth_picture(20, 40, 3);
  for (const auto& [kind, sampler, words] :
       {std::array{"student", "auto", "one step, plain noise"},
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
  const cv::Mat rgb = smooth_picture(30, 45, 4);
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

TEST(Upscaler, NoiseAndMasksThatContradictAreErrors) {
  const auto described = [](const std::string& kind, const std::string& noise, const std::string& masks) {
    LoadedModel loaded = small_model(kind, false);
    UpscaleSettings settings;
    settings.noise = noise;
    settings.masks = masks;
    std::string words;
    const std::string error = error_of([&] { words = Upscaler(loaded, settings, MaskSettings()).describe(); });
    return words.empty() ? "error: " + error : words;
  };
  EXPECT_EQ(described("sam_student", "plain", "auto"), "one step, plain noise");
  EXPECT_EQ(described("sam_student", "auto", "none"), "one step, plain noise");
  EXPECT_EQ(described("student", "sam", "auto"), "one step, noise shaped by masks (graph)");
  EXPECT_EQ(described("student", "auto", "graph"), "one step, noise shaped by masks (graph)");
  EXPECT_THAT(described("student", "plain", "sam"), AllOf(HasSubstr("error: plain noise"), HasSubstr("sam masks")));
  EXPECT_THAT(described("student", "sam", "none"), HasSubstr("error: upscale.noise=sam"));
  EXPECT_THAT(described("teacher", "auto", "graph"), HasSubstr("error: masks shape the noise of a single step"));
  EXPECT_THAT(described("student", "auto", "sam"), AllOf(HasSubstr("error: "), HasSubstr("masks.weights is not set")));
}

TEST(Upscaler, TheSameBytesForAnyNumberOfTilesAtOnce) {
  LoadedModel loaded = small_model("sam_student", true);
  const cv::Mat rgb = smooth_picture(70, 90, 4);
  UpscaleSettings settings;
  settings.tiles = {.tile = 32, .overlap = 8, .batch = 1};
  const cv::Mat first = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  settings.tiles.batch = 5;
  // On a GPU the library chooses its kernels by the batch.
  EXPECT_LE(largest_difference(first, Upscaler(loaded, settings, MaskSettings()).upscale(rgb)),
            testing::device().is_cpu() ? 0 : 1);
}

TEST(Upscaler, TiledIsCloseToUntiled) {
  LoadedModel loaded = small_model("student", true);
  const cv::Mat rgb = smooth_picture(96, 96, 5);
  UpscaleSettings settings;
  settings.tiles.tile = 96;
  const cv::Mat whole = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  settings.tiles = {.tile = 64, .overlap = 32, .batch = 4};
  const cv::Mat tiled = Upscaler(loaded, settings, MaskSettings()).upscale(rgb);
  EXPECT_GT(cv::PSNR(whole, tiled), 40);
}

/// Covers the n-th picture that it is given n times, and keeps them all.
class CountingMasks final : public MaskSource {
 public:
  std::vector<at::Tensor> masks_of(const std::vector<cv::Mat>& images) override {
    std::vector<at::Tensor> found;
    for (const cv::Mat& image : images) {
      seen_.push_back(image);
      found.push_back(at::ones({static_cast<std::int64_t>(seen_.size()), image.rows, image.cols}, at::kByte));
    }
    return found;
  }
  const std::vector<cv::Mat>& seen() const { return seen_; }

 private:
  std::vector<cv::Mat> seen_;
};

TEST(Upscaler, CoverageIsMadeWindowByWindow) {
  const cv::Mat rgb = smooth_picture(70, 130, 6);
  const cv::Mat enlarged = enlarged_for_masks(rgb, 4);
  CountingMasks masks;
  const at::Tensor counts = picture_coverage(rgb, 4, 64, masks, 0.5);
  ASSERT_EQ(counts.sizes(), at::IntArrayRef({1, 1, 70, 130}));
  ASSERT_EQ(masks.seen().size(), 6U);  // two rows of three: no side is longer than 64
  std::int64_t covered = 0;
  for (std::size_t i = 0; i < masks.seen().size(); ++i) {
    // The n-th window is a rectangle of the picture, and what its masks were sought in is the enlarged picture there.
    const at::Tensor places = (counts[0][0] == static_cast<std::int64_t>(i + 1)).nonzero();
    ASSERT_GT(places.size(0), 0) << i;
    const at::Tensor first = std::get<0>(places.min(0));
    const at::Tensor size = std::get<0>(places.max(0)) - first + 1;
    const cv::Rect window(first[1].item<int>(), first[0].item<int>(), size[1].item<int>(), size[0].item<int>());
    EXPECT_LE(std::max(window.width, window.height), 64) << i;
    EXPECT_EQ(window.area(), places.size(0)) << i;
    covered += places.size(0);
    const cv::Rect large(4 * window.x, 4 * window.y, 4 * window.width, 4 * window.height);
    EXPECT_EQ(largest_difference(masks.seen()[i], enlarged(large)), 0) << i;
  }
  EXPECT_EQ(covered, counts.numel());
}

TEST(Upscaler, CoverageOfASinglePixelIsOneNumber) {
  EXPECT_EQ(picture_coverage(smooth_picture(1, 1, 7), 4, 64, *make_mask_source(MaskSettings()), 0.5).numel(), 1);
}

// A student meets the masks that it was trained with.
TEST(Upscaler, CoverageIsThatOfTheStoredSample) {
  const SingleThreaded single_threaded;
  BuildSettings settings;
  settings.data.coverage_hr = false;
  for (const int scale : {2, 4}) {
    const cv::Mat lr = smooth_picture(48, 64, 6);
    Sample sample;
    for (const auto& [name, factor] : {std::pair("hr", scale), std::pair("lr", 1)}) {
      sample.fields.emplace_back(name, at::zeros({factor * lr.rows, factor * lr.cols, 3}, at::kByte));
    }
    lr.copyTo(stored_image(sample, "lr"));
    make_masks_stage(settings, at::kCPU)->run(0, std::span(&sample, 1));
    const at::Tensor counts = picture_coverage(lr, scale, 64, *make_mask_source(settings.masks), 0.5);
    EXPECT_GT(counts.max().item<int>(), 0);
    EXPECT_TRUE(at::equal(counts[0][0], sample.field("coverage"))) << scale;
  }
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
  testing::write_text(out / ".b.png.tmp-1", "half");  // what a killed run leaves
  write_png(out / "c.png", smooth_picture(3, 3, 1));  // stands for a result made before its picture was replaced
  fs::last_write_time(in_ / "c.png", fs::last_write_time(out / "c.png") + std::chrono::seconds(5));
  settings_.tiles.batch = 3;  // changes no byte
  run(in_, out);
  EXPECT_THAT(out_.str(), HasSubstr("1 of 3 results are there already and kept"));
  EXPECT_EQ(read_file(out / "a.png"), before);
  EXPECT_FALSE(fs::exists(out / ".b.png.tmp-1"));
  EXPECT_EQ(read_image(out / "c.png").rgb.size(), cv::Size(48, 40));

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
  EXPECT_THAT(error_in(in_ / "a.png", scratch_ / "x.tif"), HasSubstr(".png, .jpg, .jpeg or .webp"));
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
