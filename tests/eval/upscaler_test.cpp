#include "eval/upscale/upscaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "data/build/single_threaded.h"
#include "data/build/stages/masks_stage.h"
#include "data/build/stages/sample_images.h"
#include "diffusion/distillation.h"
#include "eval/upscale/noise_field.h"
#include "eval/upscale/picture_coverage.h"
#include "eval/upscale/result_file.h"
#include "eval/upscale/student_noise.h"
#include "eval/upscaling.h"
#include "segmentation/coverage_of.h"
#include "support/pictures.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using testing::bicubic;
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::small_model;
using testing::smooth_picture;

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
  EXPECT_THAT(described("student", "auto", "sam"),
              AllOf(HasSubstr("error: "), HasSubstr("name it with masks.weights")));
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

// However a picture is cut, what is shaped by all of it is the same, and rows that leave early are those of the whole.
TEST(Upscaler, RowsThatLeaveEarlyAreThoseOfTheWhole) {
  for (const auto& [kind, sampler] : {std::pair("sam_student", "auto"), std::pair("student", "auto"),
                                      std::pair("student", "rollout"), std::pair("teacher", "auto")}) {
    LoadedModel loaded = small_model(kind, true);
    UpscaleSettings settings;
    settings.sampler = sampler;
    settings.tiles = {.tile = 32, .overlap = 8, .batch = 2};
    const Upscaler upscaler(loaded, settings, MaskSettings());
    for (const cv::Size size : {cv::Size(20, 31), cv::Size(45, 33), cv::Size(17, 101)}) {
      const cv::Mat rgb = smooth_picture(size.height, size.width, 4);
      cv::Mat rows;
      std::size_t tiles_done = 0;
      upscaler.upscale(
          rgb, CV_8U, [&](const cv::Mat& next) { rows.push_back(next); },
          [&](std::size_t done, std::size_t tiles) {
            EXPECT_GT(done, tiles_done);
            EXPECT_EQ(tiles, upscaler.plan(size).tiles().size());
            tiles_done = done;
          });
      EXPECT_EQ(tiles_done, upscaler.plan(size).tiles().size());
      ASSERT_EQ(rows.size(), size * 4);
      EXPECT_EQ(largest_difference(rows, upscaler.upscale(rgb)), 0) << kind << " " << sampler << " " << size;
    }
  }
}

// The start of a student in pieces against that of the whole picture, by the functions that training uses.
TEST(StudentNoise, PiecesAreThoseOfTheWholePicture) {
  for (const char* variant : {"paper", "released"}) {
    ModelSettings model_settings = testing::small_model_settings(2);
    model_settings.sam.variant = variant;
    const SuperResolutionModel model(model_settings, 1);
    const TilePlan plan(70, 150, model.lq_multiple(), {.tile = 48, .overlap = 8});
    for (const int covered : {0, 3}) {
      at::Tensor coverage = at::zeros({1, 1, 70, 150}, at::kByte);
      coverage.narrow(2, 20, 30).narrow(3, 100, 40).fill_(covered);
      const auto padded = [&](const TileWindow& window) { return plan.read_padded(window_reader(coverage), window); };
      StudentNoise pieces(model, 5, plan, padded);
      const auto shape = model.latent_shape(plan.padded_height(), plan.padded_width());
      const at::Tensor noise = NoiseField(5, shape[0]).piece(0, 0, 0, shape[1], shape[2]);
      const TileWindow everything{0, 0, plan.padded_height(), plan.padded_width()};
      const at::Tensor whole = distill_start(model.diffusion().schedule(), model_settings.sam, at::zeros_like(noise),
                                             noise, plan.read_padded(window_reader(coverage), everything))
                                   .x_T;
      for (const TileWindow& tile : plan.tiles()) {
        const auto at = model.latent_shape(tile.top, tile.left);
        const auto size = model.latent_shape(tile.height, tile.width);
        const at::Tensor expected = whole.narrow(2, at[1], size[1]).narrow(3, at[2], size[2]);
        const at::Tensor start = pieces.start(tile, at::zeros_like(expected));
        EXPECT_TRUE(at::allclose(start, expected, 1e-6, 1e-6)) << variant << " " << covered;
      }
    }
  }
}

// A result must not depend on what else runs, so the side of tiles follows what is set, never what is free.
TEST(Upscaler, LessMemoryMakesSmallerTiles) {
  LoadedModel loaded = small_model("sam_student", false);
  UpscaleSettings settings;
  const auto tile = [&](std::int64_t memory_mb) {
    settings.memory_mb = memory_mb;
    const Upscaler upscaler(loaded, settings, MaskSettings());
    const TilePlan plan = upscaler.plan({6000, 4000});
    EXPECT_TRUE(memory_mb < 100 || upscaler.memory_mb(plan) <= static_cast<double>(memory_mb));
    return plan.tile_height();
  };
  EXPECT_EQ(tile(0), 512);
  EXPECT_EQ(tile(100000), 512);
  EXPECT_EQ(tile(1200), 256);
  EXPECT_EQ(tile(1), 64);
  settings.tiles.tile = 320;
  EXPECT_EQ(tile(1), 320);
}

TEST(Upscaler, AnAnswerThatIsNotFiniteIsAnErrorThatNamesTheModel) {
  const torch::NoGradGuard no_grad;
  const double infinite = std::numeric_limits<double>::infinity();
  const double none = std::nan("");
  for (const auto& [kind, value] :
       {std::pair("student", none), std::pair("sam_student", infinite), std::pair("student", -infinite),
        std::pair("teacher", none), std::pair("teacher", infinite)}) {
    LoadedModel loaded = small_model(kind, true);
    loaded.name = "hurt.safetensors";
    loaded.model->unet()->named_parameters()["out.2.bias"][0] = value;
    const Upscaler upscaler(loaded, UpscaleSettings(), MaskSettings());
    EXPECT_THAT(error_of([&] { upscaler.upscale(smooth_picture(20, 30, 1)); }),
                AllOf(HasSubstr("not finite"), HasSubstr("hurt.safetensors")))
        << kind << " " << value;
  }
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
  NoiseField field(7, 3);
  const at::Tensor whole = field.piece(0, 0, 0, 150, 200);
  EXPECT_TRUE(at::equal(whole.slice(2, 30, 140).slice(3, 60, 199), field.piece(0, 30, 60, 110, 139)));
  EXPECT_FALSE(at::equal(field.piece(1, 0, 0, 8, 8), field.piece(0, 0, 0, 8, 8)));
  EXPECT_FALSE(at::equal(NoiseField(8, 3).piece(0, 0, 0, 8, 8), field.piece(0, 0, 0, 8, 8)));
  EXPECT_NEAR(whole.mean().item<double>(), 0, 0.02);
  EXPECT_NEAR(whole.std().item<double>(), 1, 0.02);
}

TEST(ResultFile, AlphaInRowsIsAlphaEnlargedAtOnce) {
  cv::Mat alpha;
  cv::cvtColor(smooth_picture(61, 40, 8), alpha, cv::COLOR_RGB2GRAY);
  cv::Mat wide;
  alpha.convertTo(wide, CV_16U, 257);
  for (const cv::Mat& each : {alpha, wide}) {
    for (const int scale : {2, 3, 4}) {
      const cv::Mat whole = enlarge_alpha(each, 0, each.rows, scale, each.depth());
      for (const int rows : {1, 2, 16, 60}) {
        for (int first = 0; first < each.rows; first += rows) {
          const int end = std::min(first + rows, each.rows);
          const cv::Mat part = enlarge_alpha(each, first, end, scale, each.depth());
          // Positions of thirds are rounded, so a piece may round another way.
          EXPECT_LE(largest_difference(part, whole.rowRange(first * scale, end * scale)), scale == 3 ? 1 : 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace samsr
