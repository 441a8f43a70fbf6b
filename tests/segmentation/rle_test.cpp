#include "segmentation/automatic/rle.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "segmentation/automatic/bit_mask.h"

namespace samsr {
namespace {

// Texts written by pycocotools 2.0.
TEST(Rle, WritesThePublishedText) {
  at::Tensor mask = at::zeros({3, 4}, at::kByte);
  mask[0][0] = 1;
  mask[1][2] = 1;
  mask[2][2] = 1;
  EXPECT_EQ(run_lengths(mask), (std::vector<std::uint32_t>{0, 1, 6, 2, 3}));
  EXPECT_EQ(coco_rle(mask), "0161M");

  at::Tensor block = at::zeros({64, 100}, at::kByte);
  block.slice(0, 10, 50).slice(1, 20, 70) = 1;
  block[15].slice(0, 30, 35) = 0;
  EXPECT_EQ(coco_rle(block),
            "ZX1X1h0000000000000000000mNYOm0g0SOYOm0g0SOYOm0g0SOYOm0g0SOYOm0g06" + std::string(68, '0') + "fk1");
}

TEST(Rle, ComesBackTheSame) {
  at::manual_seed(3);
  for (const auto& [height, width] : {std::pair{1, 1}, {7, 130}, {64, 64}, {300, 5}}) {
    for (const double density : {0.0, 0.02, 0.5, 1.0}) {
      const at::Tensor mask = (at::rand({height, width}) < density).to(at::kByte);
      EXPECT_TRUE(decode_coco_rle(coco_rle(mask), height, width).equal(mask)) << height << "x" << width;
    }
  }
}

TEST(Rle, RefusesTextOfAnotherSize) {
  const std::string text = coco_rle(at::ones({4, 5}, at::kByte));
  EXPECT_THROW(decode_coco_rle(text, 4, 4), UserError);
  EXPECT_THROW(decode_coco_rle(text, 5, 5), UserError);
  EXPECT_THROW(decode_coco_rle(text + "\x01", 4, 5), UserError);
  EXPECT_THROW(decode_coco_rle(std::string(30, 'o'), 4, 5), UserError);
}

TEST(BitMask, KeepsEveryPixel) {
  at::manual_seed(5);
  for (const auto& [height, width] : {std::pair{1, 1}, {5, 63}, {4, 64}, {3, 65}, {50, 200}}) {
    const at::Tensor mask = (at::rand({height, width}) < 0.4).to(at::kByte);
    const BitMask bits(mask);
    EXPECT_EQ(bits.area(), mask.sum().item<std::int64_t>());
    EXPECT_TRUE(stack_masks({bits}, bits.size())[0].equal(mask));
  }
}

TEST(BitMask, TakesRowsAtAnyPlace) {
  at::manual_seed(6);
  const at::Tensor crop = (at::rand({9, 75}) < 0.5).to(at::kByte);
  for (const int x : {0, 1, 13, 60, 64, 100}) {
    BitMask bits(cv::Size(200, 20));
    at::Tensor expected = at::zeros({20, 200}, at::kByte);
    expected.slice(0, 4, 13).slice(1, x, x + 75).copy_(crop);
    for (int y = 0; y < 9; ++y) {
      bits.set_row(4 + y, x, crop[y].data_ptr<std::uint8_t>(), 75);
    }
    EXPECT_TRUE(stack_masks({bits}, bits.size())[0].equal(expected)) << x;
  }
}

}  // namespace
}  // namespace samsr
