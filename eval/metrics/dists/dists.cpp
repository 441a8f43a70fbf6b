#include "eval/metrics/dists/dists.h"

#include <ATen/core/Tensor.h>

namespace samsr {

Dists::Dists(const MetricParts& parts)
    : Dists(read_dists_network(parts.files.at(0), parts.files.at(1), parts.device), parts) {}

Dists::Dists(const DistsNetwork& network, const MetricParts& parts) : NetworkMetric(parts), network_(network) {}

std::string Dists::conventions() const { return "VGG-16 with L2 pooling, RGB in [0,1] at its own size"; }

std::string Dists::undefined_for_cropped(std::int64_t, std::int64_t) const { return {}; }

at::Tensor Dists::score_images(const at::Tensor& pred, const at::Tensor& ref) const {
  return network_.distance(pred, ref);
}

}  // namespace samsr
