#pragma once

#include "eval/metrics/metric.h"

namespace samsr {

/// A metric computed from the pixels themselves: on the CPU, in double precision, each image on one core.
class PixelMetric : public Metric {
 public:
  using Metric::Metric;

 private:
  at::Tensor score_cropped(const at::Tensor& pred, const at::Tensor& ref) const final;
  /// One image after cropping: (3,H,W), contiguous, on the CPU, uint8 or float64 in [0,1]; `ref` is
  /// undefined for a metric that needs none.
  virtual double score_one(const at::Tensor& pred, const at::Tensor& ref) const = 0;
};

}  // namespace samsr
