#pragma once

#include "eval/metrics/metric.h"
#include "eval/metrics/plane.h"

namespace samsr {

/// Structural similarity (Wang et al. 2004): 11x11 Gaussian window, sigma 1.5, valid region, k1 0.01,
/// k2 0.03, peak 255, no downsampling; Y rounded to whole levels, and a negative contrast-structure term
/// counted as 0, as in pyiqa.
class Ssim : public Metric {
 public:
  Ssim(Channels channels, std::int64_t crop_border);

  std::string name() const override;
  bool needs_reference() const override { return true; }
  bool higher_is_better() const override { return true; }
  int decimals() const override { return 4; }

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  double score_one(const at::Tensor& pred, const at::Tensor& ref) const override;
  double score_planes(const Plane& a, const Plane& b) const;

  const Channels channels_;
  const std::vector<double> window_;
};

}  // namespace samsr
