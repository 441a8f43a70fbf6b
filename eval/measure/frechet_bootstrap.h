#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "eval/measure/bootstrap.h"
#include "eval/metrics/fid/frechet.h"

namespace samsr {

/// How far a Fréchet distance can be trusted: distances of samples of pictures drawn with replacement. A sample holds
/// about 63 % of the pictures, some of them twice, which raises the distance by itself, so that percentiles of such
/// distances lie above the distance of the set. Their spread does not: the interval is the distance plus and minus 1.96
/// bootstrap standard errors (Efron & Tibshirani, An Introduction to the Bootstrap, ch. 6 and 13).
class FrechetBootstrap {
 public:
  /// Samples that the standard error is taken of: "seldom are more than 200 needed" (ch. 6).
  static constexpr std::int64_t kSamples = 100;
  /// Beyond, a sample takes a minute and more.
  static constexpr std::int64_t kMostPictures = 5000;

  /// Features (N,D) of pictures and of their references, N >= 2; pairs are drawn together.
  FrechetBootstrap(const at::Tensor& features, const at::Tensor& references);
  /// The references are not drawn again: only their distribution is known.
  FrechetBootstrap(const at::Tensor& features, const NormalFit& references);

  /// Distance of sample `number`, always the same. On the calling core, so that several can be computed side by side.
  double distance(std::uint64_t number) const;

 private:
  at::Tensor apart_;                ///< (N,D) the pictures' features less their mean
  std::optional<at::Tensor> refs_;  ///< (N,D) the references', where pairs are drawn
  at::Tensor between_;              ///< (D) difference of the means
  at::Tensor cross_;                ///< (N,N) apart_ refs_', or (N,R) apart_ F'
  double reference_trace_ = 0;      ///< of a fixed distribution
};

/// `value` plus and minus 1.96 standard deviations of `samples`, not below 0; none of fewer than two samples.
std::optional<Interval> interval_of_samples(double value, const std::vector<double>& samples);

}  // namespace samsr
