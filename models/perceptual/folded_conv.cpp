#include "models/perceptual/folded_conv.h"

#include <ATen/ATen.h>

namespace samsr {

void want_normed_conv(std::vector<WantedWeight>& wanted, const std::string& conv, const std::string& norm,
                      const std::vector<std::int64_t>& shape) {
  wanted.push_back({conv + ".weight", shape});
  for (const char* part : {"weight", "bias", "running_mean", "running_var"}) {
    wanted.push_back({norm + "." + part, {shape.front()}});
  }
}

FoldedConv fold_batch_norm(const NamedWeights& weights, const std::string& conv, const std::string& norm,
                           double epsilon) {
  const auto of_norm = [&](const char* part) { return weights.at(norm + "." + part).to(at::kCPU, at::kDouble); };
  const at::Tensor factor = of_norm("weight") / (of_norm("running_var") + epsilon).sqrt();
  const at::Tensor weight = weights.at(conv + ".weight").to(at::kCPU, at::kDouble) * factor.view({-1, 1, 1, 1});
  const at::Tensor bias = of_norm("bias") - of_norm("running_mean") * factor;
  return {weight.to(at::kFloat), bias.to(at::kFloat)};
}

}  // namespace samsr
