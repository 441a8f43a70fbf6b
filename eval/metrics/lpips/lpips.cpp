#include "eval/metrics/lpips/lpips.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include "eval/metrics/metric_weights.h"

namespace samsr {
namespace {

const char* trunk_name(LpipsTrunk trunk) { return trunk == LpipsTrunk::kAlex ? "AlexNet" : "VGG-16"; }

LpipsNetwork read_lpips(LpipsTrunk trunk, const MetricParts& parts) {
  const auto classifier = [](std::string_view name) { return name.starts_with("classifier."); };
  const auto none = [](std::string_view) { return false; };
  const NamedWeights trunk_weights = read_metric_weights(parts.files.at(0), lpips_trunk_weights(trunk),
                                                         fmt::format("the {} of LPIPS", trunk_name(trunk)), classifier);
  const NamedWeights linear_weights = read_metric_weights(parts.files.at(1), lpips_linear_weights(trunk),
                                                          fmt::format("LPIPS on {}", trunk_name(trunk)), none);
  return LpipsNetwork(trunk, trunk_weights, linear_weights, parts.device);
}

}  // namespace

Lpips::Lpips(LpipsTrunk trunk, const MetricParts& parts) : Lpips(trunk, read_lpips(trunk, parts), parts) {}

Lpips::Lpips(LpipsTrunk trunk, const LpipsNetwork& network, const MetricParts& parts)
    : NetworkMetric(parts), trunk_(trunk), network_(network) {}

std::string Lpips::conventions() const { return fmt::format("{}, version 0.1, RGB in [-1,1]", trunk_name(trunk_)); }

std::string Lpips::undefined_for_cropped(std::int64_t height, std::int64_t width) const {
  const std::int64_t smallest = network_.smallest_side();
  return height >= smallest && width >= smallest ? std::string()
                                                 : fmt::format("{}x{} is smaller than the {}x{} that {} needs", width,
                                                               height, smallest, smallest, trunk_name(trunk_));
}

at::Tensor Lpips::score_images(const at::Tensor& pred, const at::Tensor& ref) const {
  return network_.distance(pred, ref);
}

}  // namespace samsr
