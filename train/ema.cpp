#include "train/ema.h"

#include <torch/torch.h>

namespace samsr {

Ema::Ema(std::vector<at::Tensor> parameters, std::vector<at::Tensor> averages, double rate)
    : parameters_(std::move(parameters)), averages_(std::move(averages)), rate_(rate) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    averages_[i].copy_(parameters_[i]);
  }
}

void Ema::update() {
  const torch::NoGradGuard no_grad;
  at::_foreach_lerp_(averages_, parameters_, at::Scalar(1 - rate_));
}

}  // namespace samsr
