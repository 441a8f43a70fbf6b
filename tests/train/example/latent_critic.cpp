#include "train/example/latent_critic.h"

#include <torch/torch.h>

namespace samsr::testing {
namespace {

torch::nn::Conv2d conv3(std::int64_t in, std::int64_t out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1));
}

}  // namespace

LatentCriticImpl::LatentCriticImpl(std::int64_t channels, std::int64_t width)
    : first_(register_module("first", conv3(channels, width))),
      second_(register_module("second", conv3(width, width))),
      last_(register_module("last", conv3(width, 1))) {}

at::Tensor LatentCriticImpl::forward(const at::Tensor& latent) {
  return last_(at::leaky_relu(second_(at::leaky_relu(first_(latent), 0.2)), 0.2));
}

}  // namespace samsr::testing
