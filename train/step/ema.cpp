#include "train/step/ema.h"

#include <torch/torch.h>

#include "core/kernels.h"

namespace samsr {

Ema::Ema(std::vector<at::Tensor> parameters, std::vector<at::Tensor> averages, double rate)
    : parameters_(std::move(parameters)), averages_(std::move(averages)), rate_(rate) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    if (averages_[i].strides() == parameters_[i].strides()) {
      averages_[i].copy_(parameters_[i]);
    } else {
      // The fused kernel walks the memory of both side by side.
      averages_[i].set_data(parameters_[i].detach().clone());
    }
  }
}

void Ema::update(const at::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  if (!cpu_kernels(skip)) {
    // A step of gradient descent on (average - weight)²/2 is the same, and LibTorch has it as one kernel that reads
    // `skip` on the device: the gradient is the average, by the decay of weights, less the weight, by its sign.
    at::_fused_sgd_(averages_, parameters_, /*momentum_buffer_list=*/{}, /*weight_decay=*/1, /*momentum=*/0,
                    /*lr=*/1 - rate_, /*dampening=*/0, /*nesterov=*/false, /*maximize=*/true, /*is_first_step=*/false,
                    /*grad_scale=*/{}, /*found_inf=*/skip);
  } else if (skip.item<float>() == 0) {
    at::_foreach_lerp_(averages_, parameters_, at::Scalar(1 - rate_));
  }
}

}  // namespace samsr
