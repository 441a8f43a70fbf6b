#include "eval/metrics/fid/frechet.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/rng.h"
#include "eval/measure/frechet_bootstrap.h"

namespace samsr {
namespace {

at::Tensor features(std::int64_t pictures, std::int64_t count, std::uint64_t seed, double shift = 0) {
  Rng rng(seed, "features");
  at::Tensor values = at::empty({pictures, count}, at::kDouble);
  for (std::int64_t i = 0; i < values.numel(); ++i) {
    values.mutable_data_ptr<double>()[i] = rng.normal() * (1 + static_cast<double>(i % 3)) + shift;
  }
  return values;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return frechet_distance(fit_of_features(a), fit_of_features(b));
}

TEST(Frechet, OfDiagonalCovariancesIsTheSumOverDimensions) {
  const at::Tensor mean = at::tensor({1.0, 0.0, -2.0}, at::kDouble);
  const at::Tensor a = at::tensor({4.0, 1.0, 0.0}, at::kDouble);
  const at::Tensor b = at::tensor({9.0, 1.0, 25.0}, at::kDouble);
  const double value = frechet_distance(fit_of_statistics(mean, at::diag(a)), fit_of_statistics(mean * 2, at::diag(b)));
  EXPECT_NEAR(value, (1 + 4) + (2 - 3) * (2 - 3) + 0 + 5 * 5, 1e-9);
}

TEST(Frechet, IsOneNumberByFeaturesAndByStatisticsForFewAndManyPictures) {
  for (const std::int64_t pictures : {2, 7, 12, 13, 40}) {
    const at::Tensor a = features(pictures, 12, 1);
    const at::Tensor b = features(pictures + 3, 12, 2, 0.5);
    const double by_features = distance(a, b);
    EXPECT_NEAR(by_features, distance(b, a), 1e-6 * by_features);  // roots of zeros
    const double by_statistics = frechet_distance(fit_of_statistics(a.mean(0), covariance_of(a)),
                                                  fit_of_statistics(b.mean(0), covariance_of(b)));
    EXPECT_NEAR(by_features, by_statistics, 1e-6 * by_features) << pictures;
  }
}

// numpy.cov, and the matrix root by another way: of the eigenvalues of the product, which are not of a symmetric
// matrix.
TEST(Frechet, AgreesWithTheEigenvaluesOfTheProduct) {
  const at::Tensor a = features(50, 6, 3);
  const at::Tensor b = features(60, 6, 4, 1);
  const at::Tensor product = at::mm(covariance_of(a), covariance_of(b));
  const double root = at::real(at::linalg_eigvals(product)).clamp_min(0).sqrt().sum().item<double>();
  const double expected = (a.mean(0) - b.mean(0)).square().sum().item<double>() +
                          covariance_of(a).trace().item<double>() + covariance_of(b).trace().item<double>() - 2 * root;
  EXPECT_NEAR(distance(a, b), expected, 1e-9 * expected);
  EXPECT_NEAR(covariance_of(a)[1][2].item<double>(), at::cov(a.t())[1][2].item<double>(), 1e-12);
}

TEST(Frechet, OfASetAndItselfIsZero) {
  for (const std::int64_t pictures : {5, 40}) {
    const at::Tensor a = features(pictures, 12, 5);
    EXPECT_NEAR(distance(a, a), 0, 1e-5);
    EXPECT_GE(distance(a, a), 0);
  }
}

/// The rows that sample `number` draws.
at::Tensor rows_drawn(std::int64_t count, std::uint64_t number) {
  Rng rng(0, "bootstrap of a set", {number});
  at::Tensor rows = at::empty({count}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    rows.mutable_data_ptr<std::int64_t>()[i] = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(count)));
  }
  return rows;
}

TEST(FrechetBootstrap, SamplesAreDistancesOfDrawnPairs) {
  for (const std::int64_t pictures : {6, 30}) {
    const at::Tensor a = features(pictures, 12, 6).to(at::kFloat);
    const at::Tensor b = features(pictures, 12, 7, 0.3).to(at::kFloat);
    const NormalFit fixed = fit_of_features(features(50, 12, 8));
    const FrechetBootstrap paired(a, b);
    const FrechetBootstrap single(a, fixed);
    for (const std::uint64_t number : {1, 2, 99}) {
      const at::Tensor rows = rows_drawn(pictures, number);
      const double expected = distance(a.index_select(0, rows), b.index_select(0, rows));
      EXPECT_NEAR(paired.distance(number), expected, 1e-5 * expected) << pictures;
      const double against_fixed = frechet_distance(fit_of_features(a.index_select(0, rows)), fixed);
      EXPECT_NEAR(single.distance(number), against_fixed, 1e-6 * against_fixed) << pictures;
    }
  }
}

TEST(FrechetBootstrap, TheIntervalLiesAboutTheValueAndNarrowsWithMorePictures) {
  double last = 1e9;
  for (const std::int64_t pictures : {20, 200}) {
    const at::Tensor a = features(pictures, 8, 9);
    const at::Tensor b = features(pictures, 8, 10, 2);
    const FrechetBootstrap bootstrap(a, b);
    std::vector<double> samples;
    for (std::int64_t i = 1; i <= FrechetBootstrap::kSamples; ++i) {
      samples.push_back(bootstrap.distance(static_cast<std::uint64_t>(i)));
    }
    const double value = distance(a, b);
    const auto interval = interval_of_samples(value, samples);
    ASSERT_TRUE(interval.has_value());
    EXPECT_NEAR(interval->low + interval->high, 2 * value, 1e-9);
    EXPECT_LT(interval->high - interval->low, last);
    last = interval->high - interval->low;
  }
  EXPECT_FALSE(interval_of_samples(1, {}).has_value());
  EXPECT_EQ(interval_of_samples(0.1, {5, 9, 1})->low, 0) << "no distance is below 0";
}

}  // namespace
}  // namespace samsr
