#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace samsr {

/// Exponential moving average of weights: average ← rate · average + (1 - rate) · weight, in fp32.
class Ema {
 public:
  /// The average lives in `averages` (the parameters of a second network of the same form) and starts as
  /// a copy of `parameters`.
  Ema(std::vector<at::Tensor> parameters, std::vector<at::Tensor> averages, double rate);

  /// skip () float32 on the parameters' device: 1 leaves the average as it is, without the host asking.
  void update(const at::Tensor& skip);

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> averages_;
  double rate_;
};

}  // namespace samsr
