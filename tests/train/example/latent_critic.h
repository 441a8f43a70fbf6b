#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace samsr::testing {

/// Tells latents of photographs from predicted ones, patch by patch: (B,C,h,w) -> logits (B,1,h,w).
class LatentCriticImpl : public torch::nn::Module {
 public:
  LatentCriticImpl(std::int64_t channels, std::int64_t width);

  at::Tensor forward(const at::Tensor& latent);

 private:
  torch::nn::Conv2d first_;
  torch::nn::Conv2d second_;
  torch::nn::Conv2d last_;
};
TORCH_MODULE(LatentCritic);

}  // namespace samsr::testing
