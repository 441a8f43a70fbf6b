#include "train/step/ema.h"

#include <torch/torch.h>

#include "core/kernels.h"

namespace samsr {

Ema::Ema(std::vector<at::Tensor> parameters, std::vector<at::Tensor> averages, double rate)
    : parameters_(std::move(parameters)), averages_(std::move(averages)), rate_(rate) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    averages_[i].copy_(parameters_[i]);
  }
}

void Ema::update(const at::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  if (!cpu_kernels(skip)) {
    std::vector<at::Tensor> change = at::_foreach_sub(parameters_, averages_);
    at::_foreach_mul_(change, (1 - skip) * (1 - rate_));
    at::_foreach_add_(averages_, change);
  } else if (skip.item<float>() == 0) {
    at::_foreach_lerp_(averages_, parameters_, at::Scalar(1 - rate_));
  }
}

}  // namespace samsr
