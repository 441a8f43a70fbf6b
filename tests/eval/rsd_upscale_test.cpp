// Upscaling with RSD's student, whose network sees noise in a channel of its own.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "diffusion/distillation.h"
#include "eval/upscale/noise_field.h"
#include "eval/upscale/student_noise.h"
#include "eval/upscale/upscaler.h"
#include "eval/upscaling.h"
#include "support/pictures.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::largest_difference;
using testing::smooth_picture;

ModelSettings settings_with_noise() {
  ModelSettings settings = testing::small_model_settings(2);
  settings.unet.noise_channels = 1;
  return settings;
}

LoadedModel rsd_student() {
  LoadedModel loaded{std::make_unique<SuperResolutionModel>(settings_with_noise(), 1), &method_named("rsd")};
  testing::shake_output(*loaded.model);
  loaded.model->to(testing::device());
  return loaded;
}

TEST(RsdStudent, PiecesSeeTheNoiseOfTheWholePicture) {
  const SuperResolutionModel model(settings_with_noise(), 1);
  const TilePlan plan(70, 150, model.lq_multiple(), {.tile = 48, .overlap = 8});
  StudentNoise pieces(model, 5, plan, {});
  const auto shape = model.noise_shape(plan.padded_height(), plan.padded_width());
  const at::Tensor whole = NoiseField(5, shape[0]).piece(0, 0, 0, shape[1], shape[2]);
  for (const TileWindow& tile : plan.tiles()) {
    const auto at = model.latent_shape(tile.top, tile.left);
    const auto size = model.latent_shape(tile.height, tile.width);
    const at::Tensor there = whole.narrow(2, at[1], size[1]).narrow(3, at[2], size[2]);
    EXPECT_TRUE(pieces.network_noise(tile).equal(there.narrow(1, 48, 1)));
    const at::Tensor z_y = at::zeros_like(there.narrow(1, 0, 48));
    const at::Tensor expected = sinsr_start(model.diffusion().schedule(), z_y, there.narrow(1, 0, 48)).x_T;
    EXPECT_TRUE(pieces.start(tile, z_y).equal(expected));
  }
}

TEST(RsdStudent, UpscalesInTilesAsInOnePiece) {
  LoadedModel loaded = rsd_student();
  const cv::Mat rgb = smooth_picture(96, 96, 5);
  UpscaleSettings settings;
  settings.tiles.tile = 96;
  const Upscaler upscaler(loaded, settings, MaskSettings());
  EXPECT_EQ(upscaler.describe(), "one step, plain noise");
  const cv::Mat whole = upscaler.upscale(rgb);
  EXPECT_EQ(largest_difference(whole, upscaler.upscale(rgb)), 0);
  settings.tiles = {.tile = 64, .overlap = 32, .batch = 4};
  EXPECT_GT(cv::PSNR(whole, Upscaler(loaded, settings, MaskSettings()).upscale(rgb)), 40);
  // The network looks at the channel.
  const torch::NoGradGuard no_grad;
  loaded.model->unet()->named_parameters()["input_blocks.0.0.weight"].narrow(1, 51, 1).mul_(-3);
  EXPECT_GT(largest_difference(whole, upscaler.upscale(rgb)), 0);
}

TEST(RsdStudent, IsSampledInOneStep) {
  LoadedModel loaded = rsd_student();
  for (const char* sampler : {"rollout", "ancestral"}) {
    UpscaleSettings settings;
    settings.sampler = sampler;
    EXPECT_THAT(error_of([&] { Upscaler(loaded, settings, MaskSettings()); }),
                AllOf(HasSubstr("unet.noise_channels"), HasSubstr(sampler)));
  }
}

}  // namespace
}  // namespace samsr
