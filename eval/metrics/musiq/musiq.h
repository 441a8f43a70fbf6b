#pragma once

#include "eval/metrics/musiq/musiq_network.h"
#include "eval/metrics/network_metric.h"

namespace samsr {

/// MUSIQ trained on KonIQ-10k, as pyiqa computes it: about 0 to 100.
class Musiq : public NetworkMetric {
 public:
  /// The file holds the published weights. UserError naming the file when it does not fit.
  explicit Musiq(const MetricParts& parts);
  /// `weights` hold musiq_weights(), of any number type; no file is read.
  Musiq(const NamedWeights& weights, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  at::Tensor score_images(const at::Tensor& pred, const at::Tensor& ref) const override;

  const MusiqNetwork network_;
};

}  // namespace samsr
