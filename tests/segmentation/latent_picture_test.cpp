// How the released code shows latents to Segment Anything, against its arithmetic in plain loops and double precision.

#include "segmentation/latent_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

/// Multiples of 1/64 in ±4, so that nothing is rounded before the division.
at::Tensor coarse_map(std::int64_t height, std::int64_t width) {
  return torch::randint(-256, 257, {3, height, width}).to(torch::kFloat) / 64;
}

TEST(LatentPicture, IsStretchedCutDownAndReversed) {
  torch::manual_seed(3);
  const at::Tensor map = coarse_map(9, 14);
  const ValueRange range = value_range({map});
  const cv::Mat picture = stretched_to_bytes(map, range);
  ASSERT_EQ(picture.size(), cv::Size(14, 9));
  double lowest = 1e9;
  double highest = -1e9;
  const auto numbers = map.accessor<float, 3>();
  for (int i = 0; i < 3 * 9 * 14; ++i) {
    lowest = std::min<double>(lowest, map.data_ptr<float>()[i]);
    highest = std::max<double>(highest, map.data_ptr<float>()[i]);
  }
  EXPECT_EQ(range.lowest, lowest);
  EXPECT_EQ(range.highest, highest);
  std::int64_t cut = 0;
  for (int y = 0; y < 9; ++y) {
    for (int x = 0; x < 14; ++x) {
      for (int channel = 0; channel < 3; ++channel) {
        const double level = (numbers[channel][y][x] - lowest) / (highest - lowest + 1e-6) * 255;
        EXPECT_EQ(picture.at<cv::Vec3b>(y, x)[2 - channel], static_cast<int>(std::floor(level))) << y << " " << x;
        cut += std::lround(level) > std::floor(level) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(cut, 50) << "rounding would give the same";
}

TEST(LatentPicture, TheGreatestNumberIsNotQuiteWhite) {
  const cv::Mat picture = stretched_to_bytes(at::tensor({0.F, 1.F, 0.F}).reshape({3, 1, 1}), {0, 1});
  EXPECT_EQ(picture.at<cv::Vec3b>(0, 0), cv::Vec3b(0, 254, 0)) << "255 / (1 + 1e-6) is below 255";
}

TEST(LatentPicture, ARangeMayBeThatOfSeveral) {
  const at::Tensor dark = at::full({3, 4, 4}, -1.F);
  const at::Tensor bright = at::full({3, 4, 4}, 3.F);
  const ValueRange both = value_range({dark, bright});
  EXPECT_EQ(both.lowest, -1);
  EXPECT_EQ(both.highest, 3);
  EXPECT_EQ(stretched_to_bytes(bright, both).at<cv::Vec3b>(1, 1)[0], 254);
  EXPECT_EQ(stretched_to_bytes(bright, value_range({bright})).at<cv::Vec3b>(1, 1)[0], 0) << "flat, by its own range";
  EXPECT_EQ(stretched_to_bytes(bright, {-1, 1}).at<cv::Vec3b>(1, 1)[0], 255) << "beyond the range";
}

TEST(LatentPicture, NeedsThreeChannelsOfTheLrImagesSize) {
  check_latents_are_pictures(3, 4, 4);
  check_latents_are_pictures(3, 1, 1);
  EXPECT_THAT(testing::error_of([] { check_latents_are_pictures(48, 4, 4); }),
              ::testing::AllOf(HasSubstr("48 channels"), HasSubstr("masks.picture=lr")));
  EXPECT_THAT(testing::error_of([] { check_latents_are_pictures(3, 1, 4); }), HasSubstr("at scale 4"));
}

}  // namespace
}  // namespace samsr
