#include "data/images/bleed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/pictures.h"

namespace samsr {
namespace {
using testing::largest_difference;
using testing::textured_picture;

TEST(BleedColours, LeavesWhatCanBeSeen) {
  const cv::Mat picture = textured_picture(20, 30);
  cv::Mat rgb = picture.clone();
  bleed_colours(rgb, cv::Mat(20, 30, CV_8UC1, cv::Scalar(1)));  // hardly, but it can
  EXPECT_EQ(largest_difference(rgb, picture), 0);
  cv::Mat alpha(20, 30, CV_8UC1, cv::Scalar(255));
  alpha.colRange(10, 20) = 0;
  bleed_colours(rgb, alpha);
  EXPECT_EQ(largest_difference(rgb.colRange(0, 10), picture.colRange(0, 10)), 0);
  EXPECT_EQ(largest_difference(rgb.colRange(20, 30), picture.colRange(20, 30)), 0);
}

TEST(BleedColours, HiddenOnesAreThoseOfTheNearestThatCanBeSeen) {
  cv::RNG random(5);
  for (int round = 0; round < 20; ++round) {
    const int depth = round % 2 == 0 ? CV_8U : CV_16U;
    cv::Mat rgb(23, 31, CV_MAKETYPE(depth, 3));
    random.fill(rgb, cv::RNG::UNIFORM, 0, depth == CV_8U ? 256 : 65536);
    cv::Mat alpha(rgb.size(), CV_MAKETYPE(depth, 1), cv::Scalar(0));
    std::vector<cv::Point> seen;
    for (int i = 0; i <= round; ++i) {
      seen.emplace_back(random.uniform(0, 31), random.uniform(0, 23));
      alpha(cv::Rect(seen.back(), cv::Size(1, 1))) = cv::Scalar(200);
    }
    cv::Mat whole;
    rgb.convertTo(whole, CV_32S);
    bleed_colours(rgb, alpha);
    cv::Mat bled;
    rgb.convertTo(bled, CV_32S);
    for (int y = 0; y < rgb.rows; ++y) {
      for (int x = 0; x < rgb.cols; ++x) {
        double nearest = std::numeric_limits<double>::max();
        double taken = nearest;
        for (const cv::Point& each : seen) {
          const double distance = std::hypot(each.x - x, each.y - y);
          nearest = std::min(nearest, distance);
          if (bled.at<cv::Vec3i>(y, x) == whole.at<cv::Vec3i>(each)) {
            taken = std::min(taken, distance);
          }
        }
        ASSERT_LE(taken, nearest * 1.1 + 0.1) << x << " " << y;  // distances of steps, not of a ruler
      }
    }
  }
}

TEST(BleedColours, WhereNothingCanBeSeenThereIsNothing) {
  cv::Mat rgb = textured_picture(9, 9);
  bleed_colours(rgb, cv::Mat(9, 9, CV_8UC1, cv::Scalar(0)));
  EXPECT_EQ(largest_difference(rgb, cv::Mat(9, 9, CV_8UC3, cv::Scalar::all(0))), 0);
}

TEST(BleedColours, WhatWasHiddenChangesNothing) {
  cv::Mat alpha(40, 40, CV_8UC1, cv::Scalar(0));
  alpha(cv::Rect(12, 7, 9, 20)) = 130;
  cv::Mat red = textured_picture(40, 40);
  cv::Mat blue = red.clone();
  red.setTo(cv::Scalar(255, 0, 0), alpha == 0);
  blue.setTo(cv::Scalar(0, 0, 255), alpha == 0);
  bleed_colours(red, alpha);
  bleed_colours(blue, alpha);
  EXPECT_EQ(largest_difference(red, blue), 0);
}

}  // namespace
}  // namespace samsr
