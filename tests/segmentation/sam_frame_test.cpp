#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/checksum.h"
#include "segmentation/sam/frame.h"
#include "segmentation/sam/pillow_resize.h"
#include "segmentation/sam_fixtures.h"

namespace samsr::testing {
namespace {

TEST(PillowResize, EqualsPillowToTheByte) {
  // CRC-32C of the bytes that Pillow's resize(…, BILINEAR) makes of the same picture.
  struct {
    int width, height, to_width, to_height;
    std::uint32_t crc;
  } const cases[]{
      {40, 30, 64, 48, 0xC25CB5CBU},   {40, 30, 40, 48, 0x487EBA74U}, {131, 77, 64, 38, 0xB08DA5D3U},
      {300, 200, 33, 22, 0x5DD32D22U}, {7, 5, 256, 183, 0xB747810CU}, {200, 3, 64, 1, 0x3A53885CU},
      {64, 48, 64, 48, 0x5A37D780U},   {1, 1, 16, 16, 0x0AA98709U},
  };
  for (const auto& each : cases) {
    const cv::Mat out = pillow_resize(scrambled_picture(each.width, each.height), {each.to_width, each.to_height});
    ASSERT_TRUE(out.isContinuous());
    EXPECT_EQ(crc32c(out.data, out.total() * out.elemSize()), each.crc)
        << each.width << "x" << each.height << " to " << each.to_width << "x" << each.to_height;
  }
}

TEST(SamFrame, TheLongerSideFillsTheSquare) {
  EXPECT_EQ(SamFrame({200, 150}, 256).scaled, cv::Size(256, 192));
  EXPECT_EQ(SamFrame({150, 200}, 256).scaled, cv::Size(192, 256));
  EXPECT_EQ(SamFrame({3000, 1999}, 1024).scaled, cv::Size(1024, 682));
  EXPECT_EQ(SamFrame({5000, 1}, 1024).scaled, cv::Size(1024, 1));
}

TEST(SamFrame, PointsFollowThePicture) {
  const at::Tensor points = torch::tensor({100.0F, 30.0F, 0.0F, 150.0F}).view({2, 2});
  EXPECT_TRUE(
      SamFrame({200, 150}, 256).to_square(points).allclose(torch::tensor({128.0F, 38.4F, 0.0F, 192.0F}).view({2, 2})));
}

TEST(SamFrame, APictureIsNormalisedAndPaddedBelow) {
  const SamFrame frame({32, 16}, 64);
  const at::Tensor image = prepare_for_sam(cv::Mat(16, 32, CV_8UC3, cv::Scalar(255, 0, 100)), frame);
  ASSERT_EQ(image.sizes().vec(), (std::vector<std::int64_t>{1, 3, 64, 64}));
  EXPECT_NEAR(image[0][0][31][63].item<double>(), (255 - 123.675) / 58.395, 1e-6);
  EXPECT_NEAR(image[0][1][0][0].item<double>(), -116.28 / 57.12, 1e-6);
  EXPECT_NEAR(image[0][2][5][7].item<double>(), (100 - 103.53) / 57.375, 1e-6);
  EXPECT_EQ(image.narrow(2, 32, 32).abs().max().item<double>(), 0);
}

TEST(SamFrame, MasksReturnToThePicturesSize) {
  const SamFrame frame({30, 20}, 64);
  at::Tensor logits = torch::full({1, 2, 16, 16}, -1.0F);
  logits.narrow(3, 0, 8).fill_(1.0F);
  const at::Tensor masks = frame.to_picture(logits);
  ASSERT_EQ(masks.sizes().vec(), (std::vector<std::int64_t>{1, 2, 20, 30}));
  EXPECT_GT(masks.narrow(3, 0, 14).min().item<float>(), 0);
  EXPECT_LT(masks.narrow(3, 16, 14).max().item<float>(), 0);
}

}  // namespace
}  // namespace samsr::testing
