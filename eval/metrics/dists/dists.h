#pragma once

#include "eval/metrics/network_metric.h"
#include "models/perceptual/dists_network.h"

namespace samsr {

/// DISTS on VGG-16 as pyiqa and the published package compute it: 0 for equal pictures. Of pictures of any size.
class Dists : public NetworkMetric {
 public:
  /// The files are torchvision's VGG-16, and DISTS's own. UserError naming the file that does not fit.
  explicit Dists(const MetricParts& parts);
  /// No file is read.
  Dists(const DistsNetwork& network, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  at::Tensor score_images(const at::Tensor& pred, const at::Tensor& ref) const override;

  const DistsNetwork network_;
};

}  // namespace samsr
