#include "segmentation/sam/layers.h"

namespace samsr {

LayerNorm2d::LayerNorm2d(std::int64_t channels) {
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
}

at::Tensor LayerNorm2d::forward(const at::Tensor& x) {
  return at::layer_norm(x.permute({0, 2, 3, 1}), weight.sizes(), weight, bias, kEpsilon)
      .permute({0, 3, 1, 2})
      .contiguous();
}

SamMlp::SamMlp(std::int64_t in, std::int64_t hidden, std::int64_t out, std::int64_t depth) {
  const auto list = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t i = 0; i < depth; ++i) {
    layers_.emplace_back(torch::nn::LinearOptions(i == 0 ? in : hidden, i + 1 == depth ? out : hidden));
    list->push_back(layers_.back());
  }
}

at::Tensor SamMlp::forward(at::Tensor x) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i](x);
    if (i + 1 < layers_.size()) {
      x = at::relu(x);
    }
  }
  return x;
}

torch::nn::LayerNorm layer_norm(std::int64_t channels, double epsilon) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({channels}).eps(epsilon));
}

}  // namespace samsr
