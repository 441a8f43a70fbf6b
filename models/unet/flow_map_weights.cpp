#include "models/unet/flow_map_weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/rng.h"

namespace samsr {
namespace {

constexpr const char* kStepLayer = "time_embed.0.weight";

bool of_flow_map(const std::string& name) {
  return name.starts_with("interval_embed.") || name.starts_with("prompt_embed.");
}

/// A linear layer's usual start, ±1/√inputs, drawn for `purpose` alone.
at::Tensor usual_start(at::IntArrayRef shape, std::int64_t inputs, const char* purpose) {
  at::Tensor drawn = at::empty(shape, at::kFloat);
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  Rng rng(/*seed=*/0, purpose);
  std::generate_n(drawn.mutable_data_ptr<float>(), drawn.numel(),
                  [&] { return static_cast<float>(rng.uniform(-bound, bound)); });
  return drawn;
}

}  // namespace

bool holds_flow_map(const TensorFile& file) {
  return std::ranges::any_of(file.tensors, [](const auto& each) { return of_flow_map(each.first); });
}

TensorFile with_flow_map_embeddings(TensorFile weights, const UNetSettings& settings) {
  const auto step_layer =
      std::ranges::find_if(weights.tensors, [](const auto& each) { return each.first == kStepLayer; });
  if (!settings.flow_map || holds_flow_map(weights) || step_layer == weights.tensors.end() ||
      step_layer->second.dim() != 2) {
    return weights;
  }
  const std::int64_t inputs = step_layer->second.size(1);
  const std::int64_t outputs = step_layer->second.size(0);
  const auto add = [&](const char* name, const at::Tensor& tensor) { weights.tensors.emplace_back(name, tensor); };
  add("interval_embed.0.weight", usual_start({outputs, inputs}, inputs, "interval_embed.0.weight"));
  add("interval_embed.0.bias", usual_start({outputs}, inputs, "interval_embed.0.bias"));
  add("interval_embed.2.weight", at::zeros({outputs, outputs}));
  add("interval_embed.2.bias", at::zeros({outputs}));
  add("prompt_embed.weight", at::zeros({2, outputs}));
  return weights;
}

}  // namespace samsr
