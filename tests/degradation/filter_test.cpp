#include "degradation/filter.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "degradation/convert.h"
#include "degradation/kernels.h"
#include "support/pictures.h"

namespace samsr {
namespace {

cv::Mat reference(const cv::Mat& image, const cv::Mat& kernel) {
  cv::Mat wide;
  image.convertTo(wide, CV_64F);
  cv::filter2D(wide, wide, CV_64F, kernel, cv::Point(-1, -1), 0, cv::BORDER_REFLECT_101);
  wide.convertTo(wide, CV_32F);
  return wide;
}

TEST(Filter, EveryKindOfKernelMatchesPlainCorrelation) {
  const cv::Mat image = to_unit(testing::textured_picture(61, 47));
  for (const char* kind :
       {"iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso", "sinc"}) {
    for (const int size : {3, 7, 13, 21}) {
      const cv::Mat kernel = make_kernel(
          {.kind = kind, .size = size, .sigma_x = 2.4, .sigma_y = 0.6, .theta = 0.9, .beta = 0.8, .cutoff = 1.7});
      EXPECT_LT(cv::norm(filter_image(image, kernel), reference(image, kernel), cv::NORM_INF), 5e-6)
          << kind << " " << size;
      EXPECT_LT(cv::norm(filter_direct(image, kernel), reference(image, kernel), cv::NORM_INF), 2e-6)
          << kind << " " << size;
    }
  }
}

TEST(Filter, LopsidedKernelsAreCorrelatedNotConvolved) {
  const cv::Mat image = to_unit(testing::textured_picture(30, 40));
  cv::Mat kernel = cv::Mat::zeros(7, 7, CV_64F);
  kernel.at<double>(0, 6) = 0.75;
  kernel.at<double>(3, 1) = 0.25;
  EXPECT_LT(cv::norm(filter_image(image, kernel), reference(image, kernel), cv::NORM_INF), 1e-6);
}

TEST(Filter, AnImageSmallerThanTheKernelKeepsItsSize) {
  const cv::Mat image = to_unit(testing::textured_picture(5, 4));
  const cv::Mat kernel = make_kernel({.kind = "iso", .size = 21, .sigma_x = 3});
  EXPECT_LT(cv::norm(filter_image(image, kernel), reference(image, kernel), cv::NORM_INF), 5e-6);
}

TEST(Filter, GaussiansAlongTheAxesAreOneTermAndSteepOnesAreNotSeparated) {
  EXPECT_EQ(separate(make_kernel({.kind = "iso", .size = 21, .sigma_x = 2})).size(), 1U);
  EXPECT_EQ(separate(make_kernel({.kind = "aniso", .size = 21, .sigma_x = 2, .sigma_y = 1})).size(), 1U);
  EXPECT_TRUE(separate(make_kernel({.kind = "aniso", .size = 21, .sigma_x = 3, .sigma_y = 0.2, .theta = 0.8})).empty());
}

}  // namespace
}  // namespace samsr
