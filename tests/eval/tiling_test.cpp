#include "eval/upscale/tiling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>

#include "core/error.h"
#include "core/memory.h"
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

/// The whole result of upscale_tiled(), whose rows come in order.
at::Tensor tiled(const at::Tensor& lq, std::int64_t scale, const TilePlan& plan, std::int64_t batch,
                 const TileModel& model) {
  std::vector<at::Tensor> rows;
  upscale_tiled(window_reader(lq), scale, plan, batch, model, [&](const at::Tensor& next) {
    EXPECT_LE(next.size(2), 16 * scale);
    EXPECT_EQ(next.size(2) % scale, 0);
    rows.push_back(next.clone());
  });
  return at::cat(rows, 2);
}

/// The same by what blending means, all of it held: the sum of the weighted tiles over the sum of the weights.
at::Tensor blended_at_once(const at::Tensor& lq, std::int64_t scale, const TilePlan& plan, const TileModel& model) {
  at::Tensor sum = at::zeros({1, 3, scale * plan.padded_height(), scale * plan.padded_width()});
  at::Tensor total = at::zeros({1, 1, sum.size(2), sum.size(3)});
  for (const TileWindow& tile : plan.tiles()) {
    const at::Tensor weights = plan.blend_weights(scale, tile, 0, tile.height * scale);
    const auto part = [&](const at::Tensor& map) {
      return map.narrow(2, tile.top * scale, tile.height * scale).narrow(3, tile.left * scale, tile.width * scale);
    };
    part(sum).addcmul_(model(plan.read_padded(window_reader(lq), tile), std::span(&tile, 1)), weights);
    part(total).add_(weights);
  }
  return sum.div_(total).narrow(2, 0, scale * lq.size(2)).narrow(3, 0, scale * lq.size(3));
}

at::Tensor cut(const at::Tensor& map, const TileWindow& window) {
  return map.narrow(2, window.top, window.height).narrow(3, window.left, window.width);
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
      const TileModel model = [&](const at::Tensor& tiles, std::span<const TileWindow> windows) {
        EXPECT_LE(static_cast<std::int64_t>(windows.size()), batch);
        EXPECT_LE(tiles.size(2), 32);
        std::vector<at::Tensor> pieces;
        for (const TileWindow& window : windows) {
          pieces.push_back(cut(noise, window));
        }
        return pixelwise(tiles, at::cat(pieces), kScale);
      };
      const at::Tensor result = tiled(lq, kScale, plan, batch, model);
      const at::Tensor whole = pixelwise(lq, noise.slice(2, 0, height).slice(3, 0, width), kScale);
      ASSERT_EQ(result.sizes(), whole.sizes());
      EXPECT_TRUE(at::allclose(result, whole, 1e-5, 1e-5));
    }
  }
}

// Overlaps wider than what separates two rows of tiles, and a last row that reaches over more than one: every number
// is the same as where nothing leaves before the end.
TEST_P(AnySize, BandsAreTheSameNumbersAsTheWhole) {
  const auto [height, width] = GetParam();
  const at::Tensor lq = image(height, width);
  for (const auto& [tile, overlap] : {std::pair(32, 9), std::pair(24, 16), std::pair(16, 0), std::pair(128, 32)}) {
    const TilePlan plan(height, width, 8, {.tile = tile, .overlap = overlap});
    const TileModel model = [&](const at::Tensor& tiles, std::span<const TileWindow> windows) {
      // Tiles disagree about the same pixel, so that blending shows.
      std::vector<at::Tensor> answers;
      for (std::size_t i = 0; i < windows.size(); ++i) {
        const double own = 0.01 * static_cast<double>(windows[i].top) - 0.003 * static_cast<double>(windows[i].left);
        answers.push_back(at::upsample_nearest2d(tiles.narrow(0, static_cast<std::int64_t>(i), 1) + own,
                                                 {2 * plan.tile_height(), 2 * plan.tile_width()}));
      }
      return at::cat(answers);
    };
    for (const std::int64_t batch : {1, 4}) {
      EXPECT_TRUE(at::equal(tiled(lq, 2, plan, batch, model), blended_at_once(lq, 2, plan, model)))
          << tile << " " << overlap << " " << batch;
    }
  }
}

// The result has 48 million pixels, whose sums alone would take 768 MB.
TEST(Tiling, WhatIsHeldDoesNotGrowWithTheRowsOfTheResult) {
  const TilePlan plan(6000, 500, 8, {.tile = 64, .overlap = 8});
  const double before = resident_memory_mb();
  double most = before;
  std::int64_t rows = 0;
  upscale_tiled(
      [](const TileWindow& window) {
        return at::zeros({1, 3, window.height, window.width});
      },
      4, plan, 8,
      [](const at::Tensor& tiles, std::span<const TileWindow>) {
        return at::upsample_nearest2d(tiles, {4 * tiles.size(2), 4 * tiles.size(3)});
      },
      [&](const at::Tensor& next) {
        rows += next.size(2);
        most = std::max(most, resident_memory_mb());
      });
  EXPECT_EQ(rows, 24000);
  EXPECT_LT(most - before, 150);
}

// A network whose answers are wrong near the edges of what it sees; at the picture's own they are right.
TEST(Tiling, NothingIsUsedOfAMargin) {
  constexpr std::int64_t kMargin = 7;
  for (const auto& [height, width] : {std::pair{33, 34}, {40, 97}, {130, 32}}) {
    const at::Tensor lq = at::rand({1, 3, height, width});
    const TilePlan plan(height, width, 1, {.tile = 32, .overlap = 18, .margin = kMargin});
    const TileModel model = [&](const at::Tensor& tiles, std::span<const TileWindow> windows) {
      at::Tensor answer = at::upsample_nearest2d(tiles, {2 * tiles.size(2), 2 * tiles.size(3)});
      const TileWindow& at = windows.front();
      const auto spoil = [&](std::int64_t dimension, std::int64_t first) {
        answer.narrow(dimension, 2 * first, 2 * kMargin).add_(1000);
      };
      for (const auto& [dimension, start, side, end] : {std::array<std::int64_t, 4>{2, at.top, at.height, height},
                                                        std::array<std::int64_t, 4>{3, at.left, at.width, width}}) {
        if (start > 0) {
          spoil(dimension, 0);
        }
        if (start + side < end) {
          spoil(dimension, side - kMargin);
        }
      }
      return answer;
    };
    const at::Tensor expected = at::upsample_nearest2d(lq, {2 * height, 2 * width});
    EXPECT_TRUE(tiled(lq, 2, plan, 1, model).allclose(expected, 1e-5, 1e-5)) << height << "x" << width;
  }
}

TEST(Tiling, AnImageThatFitsIsOneTileOfItsOwnSize) {
  const TilePlan plan(60, 50, 16, {.tile = 64, .overlap = 16});
  EXPECT_EQ(plan.tiles().size(), 1U);
  EXPECT_EQ(plan.tile_height(), 64);
  EXPECT_EQ(plan.tile_width(), 64);
  EXPECT_TRUE(at::equal(plan.blend_weights(2, plan.tiles().front(), 0, 128), at::ones({1, 1, 128, 128})));
}

TEST(Tiling, TilesStayOnTheNetworksGridAndCoverTheImage) {
  const TilePlan plan(300, 500, 16, {.tile = 100, .overlap = 20});
  EXPECT_EQ(plan.tile_height(), 96);
  at::Tensor covered = at::zeros({plan.padded_height(), plan.padded_width()});
  for (const auto& [top, left, tile_height, tile_width] : plan.tiles()) {
    EXPECT_EQ(top % 16, 0);
    EXPECT_EQ(left % 16, 0);
    EXPECT_EQ(tile_height, plan.tile_height());
    EXPECT_EQ(tile_width, plan.tile_width());
    covered.narrow(0, top, tile_height).narrow(1, left, tile_width).add_(1);
  }
  EXPECT_GE(covered.min().item<float>(), 1);
}

TEST(Tiling, NoSeamWhereTilesDisagree) {
  const TilePlan plan(32, 128, 8, {.tile = 48, .overlap = 16});
  ASSERT_GT(plan.tiles().size(), 1U);
  const at::Tensor result =
      tiled(at::zeros({1, 3, 32, 128}), 4, plan, 1, [&](const at::Tensor& tiles, std::span<const TileWindow> windows) {
        const bool even = windows.front().left / (plan.tiles()[1].left - plan.tiles()[0].left) % 2 == 0;
        return at::full({1, 3, tiles.size(2) * 4, tiles.size(3) * 4}, even ? 0.0 : 1.0);
      });
  const at::Tensor steps = result.diff(1, 3).abs();
  EXPECT_LT(steps.max().item<float>(), 2.0F / (16 * 4));  // no steeper than twice a linear blend
}

TEST(Tiling, PaddingReflectsAndRepeatsWhereNothingCanBeReflected) {
  const TilePlan plan(3, 1, 8, {.tile = 32, .overlap = 8});
  const ReadWindow read = window_reader(torch::tensor({1.0F, 2.0F, 3.0F}).reshape({1, 1, 3, 1}));
  const at::Tensor padded = plan.read_padded(read, {0, 0, 8, 8});
  EXPECT_TRUE(
      at::equal(padded.select(3, 7).flatten(), torch::tensor({1.0F, 2.0F, 3.0F, 2.0F, 1.0F, 2.0F, 3.0F, 2.0F})));
}

TEST(Tiling, ATileWithoutRoomForTheOverlapIsAnError) {
  EXPECT_THAT(testing::error_of([] { TilePlan(200, 200, 64, {.tile = 64, .overlap = 32}); }),
              ::testing::HasSubstr("use a tile of at least 128"));
}

TEST(Tiling, AWindowOfThePaddedImageIsAPieceOfTheWhole) {
  for (const auto& [height, width] : {std::pair(61, 83), std::pair(3, 70), std::pair(64, 64), std::pair(1, 1)}) {
    const TilePlan plan(height, width, 16, {.tile = 32, .overlap = 8});
    const ReadWindow read = window_reader(image(height, width));
    const at::Tensor whole = plan.read_padded(read, {0, 0, plan.padded_height(), plan.padded_width()});
    for (const TileWindow& tile : plan.tiles()) {
      EXPECT_TRUE(at::equal(plan.read_padded(read, tile), cut(whole, tile)));
    }
  }
}

}  // namespace
}  // namespace samsr
