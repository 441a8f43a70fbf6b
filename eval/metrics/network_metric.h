#pragma once

#include "eval/metrics/metric.h"

namespace samsr {

/// A metric computed by a network, in float32 on `device`, several images at a time.
class NetworkMetric : public Metric {
 public:
  explicit NetworkMetric(const MetricParts& parts) : Metric(parts), device_(parts.device) {}

 private:
  at::Tensor score_cropped(const at::Tensor& pred, const at::Tensor& ref) const final;
  /// Scores (b) of b images of a batch, (b,3,H,W) in [0,1], float32, channels last, on the device; `ref` is undefined
  /// for a metric that needs none.
  virtual at::Tensor score_images(const at::Tensor& pred, const at::Tensor& ref) const = 0;

  const c10::Device device_;
};

}  // namespace samsr
