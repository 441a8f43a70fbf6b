#include "models/unet/flow_map_weights.h"

#include <algorithm>
#include <string>

#include "models/weights/load_weights.h"

namespace samsr {
namespace {

bool of_flow_map(const std::string& name) {
  return name.starts_with("interval_embed.") || name.starts_with("prompt_embed.");
}

}  // namespace

bool holds_flow_map(const TensorFile& file) {
  return std::ranges::any_of(file.tensors, [](const auto& each) { return of_flow_map(each.first); });
}

TensorFile with_flow_map_embeddings(TensorFile weights, const UNetSwin& network) {
  if (network->settings().flow_map && !holds_flow_map(weights)) {
    for (auto& [name, tensor] : state_of(*network).tensors) {
      if (of_flow_map(name)) {
        weights.tensors.emplace_back(name, tensor);
      }
    }
  }
  return weights;
}

}  // namespace samsr
