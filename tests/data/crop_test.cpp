#include "data/build/crop.h"

#include <gtest/gtest.h>

namespace samsr {
namespace {

/// Every pixel tells its place.
cv::Mat coordinates(int width, int height) {
  cv::Mat image(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uchar>(x), static_cast<uchar>(y), 9);
    }
  }
  return image;
}

DataSettings settings() {
  DataSettings data;
  data.gt_size = 32;
  data.crop_pad_size = 40;
  return data;
}

TEST(Crop, CutsTheDrawnSquare) {
  const cv::Mat image = coordinates(100, 70);
  bool mirrored = false;
  bool straight = false;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const CropPlan plan = draw_crop(settings(), image.size(), seed);
    ASSERT_EQ(plan.rect & cv::Rect(0, 0, 100, 70), plan.rect);
    const cv::Mat piece = cut(image, plan, settings());
    ASSERT_EQ(piece.size(), cv::Size(40, 40));
    const cv::Vec3b corner = piece.at<cv::Vec3b>(0, 0);
    EXPECT_EQ(corner[0], plan.hflip ? plan.rect.x + 39 : plan.rect.x);
    EXPECT_EQ(corner[1], plan.rect.y);
    EXPECT_FALSE(plan.vflip || plan.transpose);
    mirrored = mirrored || plan.hflip;
    straight = straight || !plan.hflip;
  }
  EXPECT_TRUE(mirrored && straight);
}

TEST(Crop, TurnsWhenAllowed) {
  DataSettings turning = settings();
  turning.use_rot = true;
  const cv::Mat image = coordinates(100, 70);
  bool transposed = false;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const CropPlan plan = draw_crop(turning, image.size(), seed);
    const cv::Vec3b corner = cut(image, plan, turning).at<cv::Vec3b>(0, 0);
    EXPECT_EQ(corner[0], plan.hflip ? plan.rect.x + 39 : plan.rect.x);
    EXPECT_EQ(corner[1], plan.vflip ? plan.rect.y + 39 : plan.rect.y);
    transposed = transposed || plan.transpose;
  }
  EXPECT_TRUE(transposed);
}

TEST(Crop, EnlargesSmallPhotographsWhereThatIsSaid) {
  DataSettings enlarging = settings();
  EXPECT_EQ(large_enough(coordinates(20, 30), enlarging).size(), cv::Size(20, 30));
  enlarging.small_photographs = kEnlargeSmall;
  EXPECT_EQ(large_enough(coordinates(20, 30), enlarging).size(), cv::Size(40, 60));
  EXPECT_EQ(large_enough(coordinates(30, 7), enlarging).rows, 40);
  EXPECT_EQ(large_enough(coordinates(40, 41), enlarging).size(), cv::Size(40, 41)) << "large enough as it is";
  enlarging.rescale_gt = true;
  EXPECT_EQ(large_enough(coordinates(20, 30), enlarging).size(), cv::Size(32, 48));
}

TEST(Crop, ContinuesSmallPhotographsByReflection) {
  const cv::Mat image = coordinates(36, 12);
  CropPlan plan = draw_crop(settings(), image.size(), 1);
  plan.hflip = false;
  EXPECT_EQ(plan.rect, cv::Rect(0, 0, 40, 40));
  const cv::Mat piece = cut(image, plan, settings());
  ASSERT_EQ(piece.size(), cv::Size(40, 40));
  EXPECT_EQ(piece.at<cv::Vec3b>(3, 36)[0], 34);  // 35 is the last, not repeated
  EXPECT_EQ(piece.at<cv::Vec3b>(12, 5)[1], 10);
}

TEST(Crop, RescalesTheShorterSide) {
  DataSettings rescaling = settings();
  rescaling.rescale_gt = true;
  const CropPlan plan = draw_crop(rescaling, cv::Size(100, 70), 3);
  EXPECT_EQ(plan.rect.width, 70);
  EXPECT_EQ(plan.rect.y, 0);
  EXPECT_EQ(cut(coordinates(100, 70), plan, rescaling).size(), cv::Size(32, 32));
}

TEST(Crop, TakesSquaresOfAnySideAndShrinksThem) {
  DataSettings scaling = settings();
  scaling.random_scale = true;
  const cv::Mat image = coordinates(100, 70);
  int smallest = 100;
  int largest = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CropPlan plan = draw_crop(scaling, image.size(), seed);
    const int side = plan.rect.width;
    ASSERT_EQ(plan.rect & cv::Rect(0, 0, 100, 70), plan.rect);
    smallest = std::min(smallest, side);
    largest = std::max(largest, side);
    plan.hflip = false;
    const cv::Mat piece = cut(image, plan, scaling);
    ASSERT_EQ(piece.size(), cv::Size(40, 40));
    // The whole square, not a part of it: the last column shows its right end.
    EXPECT_NEAR(piece.at<cv::Vec3b>(0, 39)[0], plan.rect.x + side - side / 80.0 - 0.5, 1.0);
  }
  EXPECT_LT(smallest, 45);
  EXPECT_GT(largest, 65);
  EXPECT_EQ(draw_crop(scaling, cv::Size(36, 12), 1).rect, draw_crop(settings(), cv::Size(36, 12), 1).rect);
}

}  // namespace
}  // namespace samsr
