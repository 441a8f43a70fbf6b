#include "models/perceptual/trunk_layers.h"

#include <fmt/format.h>

namespace samsr {

std::string feature_name(const TrunkLayer& layer, const char* which) {
  return fmt::format("features.{}.{}", layer.number, which);
}

std::vector<WantedWeight> trunk_weights(std::span<const TrunkLayer> layers) {
  std::vector<WantedWeight> wanted;
  for (const TrunkLayer& layer : layers) {
    wanted.push_back({feature_name(layer, "weight"), {layer.out, layer.in, layer.kernel, layer.kernel}});
    wanted.push_back({feature_name(layer, "bias"), {layer.out}});
  }
  return wanted;
}

}  // namespace samsr
