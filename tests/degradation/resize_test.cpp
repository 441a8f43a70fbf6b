#include "degradation/resize.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "degradation/convert.h"
#include "support/pictures.h"

namespace samsr {
namespace {

namespace F = torch::nn::functional;

F::InterpolateFuncOptions options_for(ResizeMode mode) {
  switch (mode) {
    case ResizeMode::kArea:
      return F::InterpolateFuncOptions().mode(torch::kArea);
    case ResizeMode::kBilinear:
      return F::InterpolateFuncOptions().mode(torch::kBilinear).align_corners(false);
    default:
      return F::InterpolateFuncOptions().mode(torch::kBicubic).align_corners(false);
  }
}

constexpr ResizeMode kModes[] = {ResizeMode::kArea, ResizeMode::kBilinear, ResizeMode::kBicubic};

double difference(const cv::Mat& ours, const torch::Tensor& theirs) {
  const torch::Tensor actual = testing::tensor_of(ours);
  EXPECT_EQ(actual.sizes().vec(), theirs.sizes().vec());
  return (actual - theirs).abs().max().item<double>();
}

TEST(Resize, ToASizeMatchesTorch) {
  const cv::Mat image = to_unit(testing::textured_picture(50, 37));
  const torch::Tensor tensor = testing::tensor_of(image);
  for (const ResizeMode mode : kModes) {
    for (const cv::Size size :
         {cv::Size(75, 75), cv::Size(37, 50), cv::Size(12, 100), cv::Size(3, 2), cv::Size(1, 1)}) {
      const auto options = options_for(mode).size(std::vector<std::int64_t>{size.height, size.width});
      EXPECT_LT(difference(resize_to(image, size, mode), F::interpolate(tensor, options)), 2e-6)
          << resize_mode_name(mode) << " " << size;
    }
  }
}

TEST(Resize, ByAFactorMatchesTorch) {
  const cv::Mat image = to_unit(testing::textured_picture(50, 37));
  const torch::Tensor tensor = testing::tensor_of(image);
  for (const ResizeMode mode : kModes) {
    for (const double factor : {0.15, 0.3337, 0.71, 1.0, 1.0331, 1.4999}) {
      const auto options =
          options_for(mode).scale_factor(std::vector<double>{factor, factor}).recompute_scale_factor(false);
      EXPECT_LT(difference(resize_by(image, factor, mode), F::interpolate(tensor, options)), 5e-6)
          << resize_mode_name(mode) << " " << factor;
    }
  }
}

TEST(Resize, AFactorThatRoundsToTheSameSizeChangesNothing) {
  const cv::Mat image = to_unit(testing::textured_picture(50, 37));
  for (const ResizeMode mode : kModes) {
    EXPECT_EQ(cv::norm(resize_by(image, 1.013, mode), image, cv::NORM_INF), 0) << resize_mode_name(mode);
  }
}

TEST(Resize, ImagesSmallerThanTheWindow) {
  const cv::Mat image = to_unit(testing::textured_picture(2, 1));
  const torch::Tensor tensor = testing::tensor_of(image);
  for (const ResizeMode mode : kModes) {
    const auto options = options_for(mode).size(std::vector<std::int64_t>{5, 4});
    EXPECT_LT(difference(resize_to(image, cv::Size(4, 5), mode), F::interpolate(tensor, options)), 1e-6);
  }
}

}  // namespace
}  // namespace samsr
