#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>

#include "degradation/noise.h"
#include "degradation/plan.h"
#include "degradation/settings.h"

namespace samsr {

/// A training pair: bytes, RGB order.
struct DegradedPair {
  cv::Mat hr;         ///< CV_8UC3 (gt_size, gt_size)
  cv::Mat lr;         ///< CV_8UC3 (gt_size / scale, gt_size / scale), of the same place
  std::string drawn;  ///< one line of JSON: every parameter drawn
};

/// The second-order degradation of Real-ESRGAN (Wang et al. 2021) in the form ResShift, SinSR and SAMSR
/// train with: blur, resize, noise, JPEG; with a probability blur, resize, noise once more; then resizing to
/// the target with a sinc filter, before or after the last JPEG. Or, degradation.kind: bicubic, antialiased
/// reduction alone. Safe to use from several threads.
class DegradationPipeline {
 public:
  /// `scale`: how much smaller the low-resolution image is. UserError when settings contradict each other.
  DegradationPipeline(const DegradationSettings& settings, int scale);

  /// Degrades `hr_rgb`, CV_8UC3 RGB, or CV_32FC3 in [0, 1] (which is rounded for the result alone), with sides that are
  /// multiples of `scale` and at least gt_size (itself a multiple), and cuts the same random square out of both. The
  /// image is degraded as a whole, so that the filters' borders mostly fall outside. A pure function of (settings,
  /// scale, hr_rgb, gt_size, seed).
  DegradedPair degrade(const cv::Mat& hr_rgb, int gt_size, std::uint64_t seed) const;

 private:
  void add_noise(cv::Mat& image, const NoisePlan& plan, Rng& rng) const;
  cv::Mat degraded(const cv::Mat& image, const DegradationPlan& plan, std::uint64_t seed) const;

  const DegradationSettings settings_;
  const int scale_;
  const PoissonNoise poisson_;
};

}  // namespace samsr
