#include "eval/metrics/lpips/lpips.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

namespace samsr {

Lpips::Lpips(LpipsTrunk trunk, const MetricParts& parts)
    : Lpips(trunk, read_lpips_network(trunk, parts.files.at(0), parts.files.at(1), parts.device), parts) {}

Lpips::Lpips(LpipsTrunk trunk, const LpipsNetwork& network, const MetricParts& parts)
    : NetworkMetric(parts), trunk_(trunk), network_(network) {}

std::string Lpips::conventions() const {
  return fmt::format("{}, version 0.1, RGB in [-1,1]", lpips_trunk_name(trunk_));
}

std::string Lpips::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  const std::int64_t smallest = network_.smallest_side();
  return height >= smallest && width >= smallest ? std::string()
                                                 : fmt::format("{}x{} is smaller than the {}x{} that {} needs", width,
                                                               height, smallest, smallest, lpips_trunk_name(trunk_));
}

at::Tensor Lpips::score_images(const at::Tensor& pred, const at::Tensor& ref) const {
  return network_.distance(pred, ref);
}

}  // namespace samsr
