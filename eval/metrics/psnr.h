#pragma once

#include "eval/metrics/pixel_metric.h"
#include "eval/metrics/plane.h"

namespace samsr {

/// Peak signal-to-noise ratio in dB, 10 log10(peak^2 / (mse + 1e-8)); the 1e-8 is pyiqa's, so that equal
/// images have a value: 128.1 dB on Y (peak 255), 80 dB on RGB (peak 1). Y is not rounded.
class Psnr : public PixelMetric {
 public:
  Psnr(Channels channels, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  double score_one(const at::Tensor& pred, const at::Tensor& ref) const override;

  const Channels channels_;
};

}  // namespace samsr
