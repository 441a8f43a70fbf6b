#pragma once

#include "eval/metrics/network_metric.h"
#include "models/perceptual/lpips_network.h"

namespace samsr {

/// LPIPS of version 0.1 on AlexNet (`lpips`) or VGG-16 (`lpips_vgg`), as pyiqa and the published package compute it.
class Lpips : public NetworkMetric {
 public:
  /// The files are torchvision's weights of the trunk, and LPIPS's own. UserError naming the file that does not fit.
  Lpips(LpipsTrunk trunk, const MetricParts& parts);
  /// No file is read.
  Lpips(LpipsTrunk trunk, const LpipsNetwork& network, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  at::Tensor score_images(const at::Tensor& pred, const at::Tensor& ref) const override;

  const LpipsTrunk trunk_;
  const LpipsNetwork network_;
};

}  // namespace samsr
