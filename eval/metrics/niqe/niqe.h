#pragma once

#include "eval/metrics/pixel_metric.h"
#include "eval/metrics/plane.h"

namespace samsr {

/// Naturalness image quality evaluator (Mittal et al. 2013) as pyiqa computes it: rounded Y of BT.601,
/// mean-subtracted contrast-normalised coefficients, asymmetric generalised Gaussian fits in blocks of
/// 96x96 at two scales (MATLAB's bicubic 0.5), distance of their Gaussian model to the pristine one. The
/// picture is cut to whole blocks; at least two textured blocks are needed, otherwise there is no value.
class Niqe : public PixelMetric {
 public:
  explicit Niqe(const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  double score_one(const at::Tensor& pred, const at::Tensor& ref) const override;

  const std::vector<double> window_;
  /// rho(alpha) = Gamma(2/alpha)^2 / (Gamma(1/alpha) Gamma(3/alpha)) on the grid of shapes; rising.
  const std::vector<double> shape_ratios_;
};

}  // namespace samsr
