#include "segmentation/automatic/packed_masks.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <opencv2/imgproc.hpp>

#include "segmentation/automatic/bit_mask.h"
#include "support/device.h"

namespace samsr::testing {
namespace {

constexpr std::int64_t kLow = 16;
constexpr double kOffset = 0.7;

/// Smooth logits of five masks, one of them empty and one full.
at::Tensor smooth_logits() {
  torch::manual_seed(4);
  at::Tensor logits = at::upsample_bilinear2d(torch::randn({1, 5, 5, 5}), {kLow, kLow}, false).squeeze(0) * 3;
  logits[1].fill_(-1);
  logits[3].fill_(1);
  return placed(logits);
}

BitMask unpacked(const at::Tensor& bits, cv::Size size) {
  const at::Tensor here = bits.cpu().contiguous();
  BitMask mask(size);
  for (int y = 0; y < size.height; ++y) {
    mask.set_packed_row(y, 0, here[y].const_data_ptr<std::uint8_t>(), size.width);
  }
  return mask;
}

class PackedMasksOf : public ::testing::TestWithParam<cv::Size> {
 protected:
  const SamFrame frame_{GetParam(), 4 * kLow};
  const at::Tensor logits_ = smooth_logits();
  const PackedMasks packed_ = pack_masks(logits_, frame_, kOffset);
  const at::Tensor values_ = frame_.to_picture(logits_.unsqueeze(0)).squeeze(0).cpu();
  const at::Tensor numbers_ = packed_.numbers.cpu();
};

TEST_P(PackedMasksOf, BitsAreThoseOfTheHostsMask) {
  ASSERT_EQ(packed_.bits.size(2), (GetParam().width + 7) / 8);
  for (std::int64_t i = 0; i < logits_.size(0); ++i) {
    EXPECT_EQ(unpacked(packed_.bits[i], GetParam()), BitMask(values_[i].gt(0).to(at::kByte).contiguous())) << i;
  }
}

TEST_P(PackedMasksOf, PixelsAboveTheMovedThresholdsAreCounted) {
  EXPECT_TRUE(numbers_.select(1, 0).equal(values_.gt(kOffset).sum({1, 2}).to(at::kInt)));
  EXPECT_TRUE(numbers_.select(1, 1).equal(values_.gt(-kOffset).sum({1, 2}).to(at::kInt)));
}

TEST_P(PackedMasksOf, BoxesAreTheSmallestAroundTheMasks) {
  for (std::int64_t i = 0; i < logits_.size(0); ++i) {
    const at::Tensor pixels = values_[i].gt(0).to(at::kByte).contiguous();
    const cv::Rect box = cv::boundingRect(cv::Mat(GetParam(), CV_8UC1, pixels.data_ptr<std::uint8_t>()));
    const std::vector<int> expected = box.empty() ? std::vector<int>{GetParam().width, GetParam().height, -1, -1}
                                                  : std::vector<int>{box.x, box.y, box.br().x - 1, box.br().y - 1};
    EXPECT_TRUE(numbers_[i].slice(0, 2).equal(at::tensor(expected, at::kInt))) << i << "\n" << numbers_[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, PackedMasksOf,
                         ::testing::Values(cv::Size{64, 64}, cv::Size{61, 300}, cv::Size{200, 150}, cv::Size{1, 9}),
                         [](const auto& each) {
                           return std::to_string(each.param.width) + "x" + std::to_string(each.param.height);
                         });

TEST(PackedMasks, NoLogitsGiveNoMasks) {
  const PackedMasks packed = pack_masks(placed(at::empty({0, kLow, kLow})), SamFrame({20, 10}, 4 * kLow), 1);
  EXPECT_EQ(packed.bits.sizes().vec(), (std::vector<std::int64_t>{0, 10, 3}));
  EXPECT_EQ(packed.numbers.sizes().vec(), (std::vector<std::int64_t>{0, 6}));
}

TEST(BitMask, UnpackingGivesThePixelsAgain) {
  torch::manual_seed(6);
  for (const std::int64_t width : {1, 7, 8, 64, 71, 200}) {
    const at::Tensor pixels = torch::randint(0, 2, {3, 5, width}, at::kByte);
    const std::vector<BitMask> masks{BitMask(pixels[0]), BitMask(pixels[1]), BitMask(pixels[2])};
    EXPECT_TRUE(stack_masks(masks, {static_cast<int>(width), 5}).equal(pixels)) << width;
  }
}

TEST(BitMask, PackedRowsLieWhereTheSameBytesWould) {
  torch::manual_seed(5);
  const at::Tensor pixels = torch::randint(0, 2, {1, 150}, at::kByte);
  const BitMask whole(pixels);
  for (const int x : {0, 1, 8, 37, 63, 64, 100}) {
    for (const int count : {1, 7, 8, 63, 64, 65, 150}) {
      std::vector<std::uint8_t> bits(static_cast<std::size_t>(count + 7) / 8, 0);
      for (int i = 0; i < count; ++i) {
        bits[static_cast<std::size_t>(i) / 8] |= static_cast<std::uint8_t>(whole.at(0, i) << (i % 8));
      }
      BitMask by_bytes({300, 1});
      BitMask by_bits({300, 1});
      by_bytes.set_row(0, x, pixels.const_data_ptr<std::uint8_t>(), count);
      by_bits.set_packed_row(0, x, bits.data(), count);
      EXPECT_EQ(by_bits, by_bytes) << x << " " << count;
    }
  }
}

}  // namespace
}  // namespace samsr::testing
