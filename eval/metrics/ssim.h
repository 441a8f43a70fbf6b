#pragma once

#include "eval/metrics/pixel_metric.h"
#include "eval/metrics/plane.h"

namespace samsr {

/// Structural similarity (Wang et al. 2004): 11x11 Gaussian window, sigma 1.5, valid region, k1 0.01,
/// k2 0.03, peak 255, no downsampling; Y rounded to whole levels, and a negative contrast-structure term
/// counted as 0, as in pyiqa.
class Ssim : public PixelMetric {
 public:
  Ssim(Channels channels, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  double score_one(const at::Tensor& pred, const at::Tensor& ref) const override;
  double score_planes(const Plane& a, const Plane& b) const;

  const Channels channels_;
  const std::vector<double> window_;
};

}  // namespace samsr
