#include "degradation/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "degradation/convert.h"
#include "support/pictures.h"

namespace samsr {
namespace {

TEST(PoissonTable, FollowsThePoissonDistribution) {
  constexpr int kDraws = 400000;
  for (const int count : {1, 16, 256}) {
    const PoissonTable table(count);
    for (const int level : {1, 40, 255}) {
      const double mean = level / 255.0 * count;
      Rng rng(3, "poisson", {static_cast<std::uint64_t>(count), static_cast<std::uint64_t>(level)});
      std::vector<double> seen(1024, 0.0);
      for (int i = 0; i < kDraws; ++i) {
        seen.at(static_cast<std::size_t>(table.draw(level, rng))) += 1;
      }
      // Pearson's statistic over the values expected ten times or more.
      double statistic = 0;
      int cells = 0;
      for (std::size_t k = 0; k < seen.size(); ++k) {
        const double number = static_cast<double>(k);
        const double expected = kDraws * std::exp(number * std::log(mean) - mean - std::lgamma(number + 1));
        if (expected >= 10) {
          statistic += (seen[k] - expected) * (seen[k] - expected) / expected;
          ++cells;
        }
      }
      EXPECT_LT(statistic, cells + 6 * std::sqrt(2.0 * cells) + 6) << "count " << count << " level " << level;
    }
  }
}

TEST(PoissonTable, BlackStaysBlack) {
  const PoissonTable table(256);
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(table.draw(0, rng), 0);
  }
}

TEST(Noise, GreyNoiseIsTheSameOnAllChannels) {
  const cv::Mat clean(20, 30, CV_32FC3, cv::Scalar(0.3, 0.5, 0.7));
  const PoissonNoise poisson;
  for (const bool gaussian : {true, false}) {
    for (const bool grey : {true, false}) {
      cv::Mat noisy = clean.clone();
      Rng rng(5);
      if (gaussian) {
        add_gaussian_noise(noisy, 20, grey, rng);
      } else {
        poisson.add(noisy, 1, grey, rng);
      }
      std::vector<cv::Mat> channels;
      cv::split(noisy - clean, channels);
      const double apart = cv::norm(channels[0], channels[2], cv::NORM_INF);
      EXPECT_GT(cv::norm(channels[0], cv::NORM_INF), 0);
      if (grey && gaussian) {
        EXPECT_LT(apart, 1e-6);
      } else if (grey) {
        EXPECT_LT(apart, 1e-6);
      } else {
        EXPECT_GT(apart, 1e-3);
      }
    }
  }
}

// With n different values the noise of a pixel x has variance scale² x / 2^ceil(log2 n).
TEST(Noise, PoissonStrengthFollowsTheNumberOfValues) {
  const PoissonNoise poisson;
  for (const int values : {1, 3, 20}) {
    cv::Mat clean(300, 300, CV_8UC3, cv::Scalar::all(100));
    for (int i = 1; i < values; ++i) {
      clean.at<cv::Vec3b>(0, i) = cv::Vec3b::all(static_cast<uchar>(100 + i));
    }
    const cv::Mat image = to_unit(clean);
    cv::Mat noisy = image.clone();
    Rng rng(9);
    poisson.add(noisy, 0.5, false, rng);
    const double count = std::pow(2.0, std::ceil(std::log2(values)));
    const double expected = 0.25 * (100 / 255.0) / count;
    const double n = static_cast<double>(clean.total()) * 3;
    const cv::Mat noise = noisy - image;
    // Fourth moments of these small means are below six times the square.
    EXPECT_NEAR(noise.dot(noise) / n, expected, 5 * expected * std::sqrt(6 / n) + 0.01 * expected) << values;
  }
}

}  // namespace
}  // namespace samsr
