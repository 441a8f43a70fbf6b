#pragma once
// Noise shaped by masks (SAMSR, Eq. 3-7). A mask's own noise is added where the mask lies, so that pixels under
// many masks get more of it; the sum is then standardised.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "diffusion/settings.h"

namespace samsr {

/// ε' by the definition, a map of noise for each mask: masks (B,M,h,w) of 0 and 1, any number type; z
/// (B,M',C,h,w) standard normal, M' = M, or M+1 in the variant `released`, whose last map is for the background.
/// -> (B,C,h,w). Variant `paper`: Σ_m F_m Z_m, less its mean and over its standard deviation, per sample.
/// `released`: the sum over the number of masks at the pixel, standardised per sample and channel by the unbiased
/// deviation, at least 1e-6. A sample without any mask gets the plain noise of its first map. O(M·h·w).
at::Tensor mask_noise(const at::Tensor& masks, const at::Tensor& z, const SamSettings& settings);

/// ε' with the same distribution in O(h·w): the Z_m are independent, so their sum under C masks is sqrt(C)·z.
/// coverage (B,1,h,w): number C of masks at each pixel, any number type; z (B,C,h,w) standard normal.
at::Tensor coverage_noise(const at::Tensor& coverage, const at::Tensor& z, const SamSettings& settings);

/// What Eq. 7 and Eq. 8 take from all pixels of one picture, so that its noise and weights can be made piece by piece.
struct SamStatistics {
  at::Tensor largest;    ///< max C (1,1,1,1): the largest_coverage() of its effective_coverage()
  at::Tensor mean;       ///< of N_sum (Eq. 6): (1,1,1,1), in the variant `released` (1,C,1,1)
  at::Tensor deviation;  ///< likewise, at least 1e-6
};

/// Gathers SamStatistics from the pieces of a picture, in double precision and in the order in which they come: first
/// all coverage, then all noise, because N_sum of a picture without any mask is its plain noise.
class SamStatisticsSum {
 public:
  explicit SamStatisticsSum(const SamSettings& settings) : settings_(settings) {}

  /// C of a piece: (1,1,h,w).
  void add_coverage(const at::Tensor& coverage);
  /// C and z of a piece: (1,1,h,w), (1,C,h,w).
  void add_noise(const at::Tensor& coverage, const at::Tensor& z);
  /// Of all that was added.
  SamStatistics statistics() const;

 private:
  const SamSettings settings_;
  at::Tensor largest_;
  at::Tensor sum_;      ///< double, of the shape of a mean
  at::Tensor squares_;  ///< likewise
  std::int64_t numbers_ = 0;
};

/// ε' (Eq. 7) of a piece of the picture that the statistics are of; the others as in coverage_noise() above, which
/// differs by the rounding of mean and deviation alone.
at::Tensor coverage_noise(const at::Tensor& coverage, const at::Tensor& z, const SamStatistics& statistics,
                          const SamSettings& settings);

}  // namespace samsr
