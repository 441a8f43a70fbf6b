#include "core/pixels.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace samsr {
namespace {

TEST(Pixels, EveryByteComesBack) {
  const at::Tensor bytes = at::arange(256, at::kByte).view({2, 128});
  const at::Tensor images = signed_from_bytes(bytes);
  EXPECT_EQ(images.scalar_type(), at::kFloat);
  EXPECT_EQ(images.min().item<float>(), -1.0F);
  EXPECT_EQ(images.max().item<float>(), 1.0F);
  EXPECT_TRUE(at::equal(bytes_from_signed(images), bytes));
  EXPECT_TRUE(at::equal(bytes_from_signed(images.to(at::kDouble)), bytes));
}

// What is stored and trained hangs on these bits.
TEST(Pixels, TensorsAndSingleBytesGiveTheSameBits) {
  const at::Tensor bytes = at::arange(256, at::kByte);
  const at::Tensor images = signed_from_bytes(bytes);
  EXPECT_TRUE(at::equal(images, bytes.to(at::kFloat).div(127.5).sub(1.0)));
  for (int level = 0; level < 256; ++level) {
    EXPECT_EQ(images[level].item<float>(), signed_from_byte(static_cast<std::uint8_t>(level))) << level;
  }
}

TEST(Pixels, RoundsAndClamps) {
  const at::Tensor images = at::tensor({-7.0F, -1.0F, 0.0F, 0.4F / 127.5F, 1.0F, 1.01F, 300.0F});
  // 0 is 127.5, a tie, which goes to the even 128.
  EXPECT_TRUE(at::equal(bytes_from_signed(images), at::tensor({0, 0, 128, 128, 255, 255, 255}, at::kByte)));
}

TEST(Pixels, SixteenBitsComeBackToo) {
  const at::Tensor levels = at::arange(65536, at::kFloat);
  const at::Tensor images = signed_from_levels(levels, 65535);
  EXPECT_EQ(images[0].item<float>(), -1.0F);
  EXPECT_EQ(images[65535].item<float>(), 1.0F);
  EXPECT_TRUE(at::equal(levels_from_signed(images, 65535).round(), levels));
}

TEST(Pixels, OtherTypesAreRefused) {
  EXPECT_THROW(signed_from_bytes(at::zeros({2})), c10::Error);
  EXPECT_THROW(bytes_from_signed(at::zeros({2}, at::kByte)), c10::Error);
}

}  // namespace
}  // namespace samsr
