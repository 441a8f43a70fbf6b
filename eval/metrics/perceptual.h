#pragma once

#include <vector>

#include "eval/metrics/network_metric.h"
#include "models/perceptual/tiny_encoder.h"

namespace samsr {

/// Distance of features of a tiny autoencoder's encoder behind each of its blocks, all alike: of one kind with LPIPS,
/// for places where LPIPS's files cannot be had. No published metric.
class Perceptual : public NetworkMetric {
 public:
  /// The file is taesana_encoder.pth. UserError naming it when it does not fit.
  explicit Perceptual(const MetricParts& parts);
  /// No file is read.
  Perceptual(TinyEncoder encoder, const MetricParts& parts);

 private:
  std::string conventions() const override;
  std::string undefined_for_cropped(std::int64_t height, std::int64_t width) const override;
  at::Tensor score_images(const at::Tensor& pred, const at::Tensor& ref) const override;

  const TinyEncoder encoder_;
  const std::vector<double> block_weights_;
};

}  // namespace samsr
