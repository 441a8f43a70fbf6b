#include "eval/upscale/tiling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.h"
#include "support/user_error.h"

namespace samsr {
namespace {

/// A model whose output at a pixel depends on that pixel and the noise there only.
at::Tensor pixelwise(const at::Tensor& lq, const at::Tensor& noise, std::int64_t scale) {
  return at::upsample_nearest2d(lq + 0.1 * noise, {lq.size(2) * scale, lq.size(3) * scale});
}

at::Tensor image(std::int64_t height, std::int64_t width) {
  torch::manual_seed(height * 1000 + width);
  return torch::rand({1, 3, height, width}) * 2 - 1;
}

class AnySize : public ::testing::TestWithParam<std::array<std::int64_t, 2>> {};
INSTANTIATE_TEST_SUITE_P(Sizes, AnySize,
                         ::testing::Values(std::array<std::int64_t, 2>{1, 1}, std::array<std::int64_t, 2>{1, 70},
                                           std::array<std::int64_t, 2>{2, 3}, std::array<std::int64_t, 2>{16, 16},
                                           std::array<std::int64_t, 2>{33, 17}, std::array<std::int64_t, 2>{65, 40},
                                           std::array<std::int64_t, 2>{31, 100}, std::array<std::int64_t, 2>{97, 130}));

TEST_P(AnySize, TiledEqualsUntiledForALocalModel) {
  const auto [height, width] = GetParam();
  constexpr std::int64_t kScale = 4;
  const at::Tensor lq = image(height, width);
  for (const std::int64_t multiple : {1, 4, 8}) {
    for (const std::int64_t batch : {1, 3}) {
      const TilePlan plan(height, width, multiple, {.tile = 32, .overlap = 9, .batch = batch});
      const at::Tensor noise = torch::randn({1, 3, plan.padded_height(), plan.padded_width()});
      const at::Tensor tiled =
          upscale_tiled(lq, kScale, plan, batch, [&](const at::Tensor& tiles, std::size_t first, std::size_t count) {
            EXPECT_LE(static_cast<std::int64_t>(count), batch);
            EXPECT_LE(tiles.size(2), 32);
            return pixelwise(tiles, plan.cut(noise, first, count), kScale);
          });
      const at::Tensor whole = pixelwise(lq, noise.slice(2, 0, height).slice(3, 0, width), kScale);
      ASSERT_EQ(tiled.sizes(), whole.sizes());
      EXPECT_TRUE(at::allclose(tiled, whole, 1e-5, 1e-5));
    }
  }
}

TEST(Tiling, AnImageThatFitsIsOneTileOfItsOwnSize) {
  const TilePlan plan(60, 50, 16, {.tile = 64, .overlap = 16});
  EXPECT_EQ(plan.origins().size(), 1U);
  EXPECT_EQ(plan.tile_height(), 64);
  EXPECT_EQ(plan.tile_width(), 64);
  EXPECT_TRUE(at::equal(plan.blend_weights(2), at::ones({1, 1, 128, 128})));
}

TEST(Tiling, TilesStayOnTheNetworksGridAndCoverTheImage) {
  const TilePlan plan(300, 500, 16, {.tile = 100, .overlap = 20});
  EXPECT_EQ(plan.tile_height(), 96);
  at::Tensor covered = at::zeros({plan.padded_height(), plan.padded_width()});
  for (const auto& [top, left] : plan.origins()) {
    EXPECT_EQ(top % 16, 0);
    EXPECT_EQ(left % 16, 0);
    covered.narrow(0, top, plan.tile_height()).narrow(1, left, plan.tile_width()).add_(1);
  }
  EXPECT_GE(covered.min().item<float>(), 1);
}

TEST(Tiling, NoSeamWhereTilesDisagree) {
  const TilePlan plan(32, 128, 8, {.tile = 48, .overlap = 16});
  ASSERT_GT(plan.origins().size(), 1U);
  const at::Tensor result = upscale_tiled(
      at::zeros({1, 3, 32, 128}), 4, plan, 1, [&](const at::Tensor& tiles, std::size_t first, std::size_t) {
        return at::full({1, 3, tiles.size(2) * 4, tiles.size(3) * 4}, first % 2 == 0 ? 0.0 : 1.0);
      });
  const at::Tensor steps = result.diff(1, 3).abs();
  EXPECT_LT(steps.max().item<float>(), 2.0F / (16 * 4));  // no steeper than twice a linear blend
}

TEST(Tiling, PaddingReflectsAndRepeatsWhereNothingCanBeReflected) {
  const TilePlan plan(3, 1, 8, {.tile = 32, .overlap = 8});
  const at::Tensor padded = plan.pad(torch::tensor({1.0F, 2.0F, 3.0F}).reshape({1, 1, 3, 1}));
  EXPECT_TRUE(
      at::equal(padded.select(3, 7).flatten(), torch::tensor({1.0F, 2.0F, 3.0F, 2.0F, 1.0F, 2.0F, 3.0F, 2.0F})));
}

TEST(Tiling, ATileWithoutRoomForTheOverlapIsAnError) {
  EXPECT_THAT(testing::error_of([] { TilePlan(200, 200, 64, {.tile = 64, .overlap = 32}); }),
              ::testing::HasSubstr("use a tile of at least 128"));
}

TEST(Tiling, CutFollowsTheRatioOfTheMap) {
  const TilePlan plan(64, 64, 8, {.tile = 32, .overlap = 8});
  const at::Tensor half = torch::rand({1, 2, 32, 32});
  const at::Tensor tiles = plan.cut(half, 1, 2);
  EXPECT_EQ(tiles.sizes(), at::IntArrayRef({2, 2, 16, 16}));
  const auto [top, left] = plan.origins()[1];
  EXPECT_TRUE(at::equal(tiles[0], half[0].narrow(1, top / 2, 16).narrow(2, left / 2, 16)));
}

}  // namespace
}  // namespace samsr
