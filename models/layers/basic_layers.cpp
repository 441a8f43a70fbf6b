#include "models/layers/basic_layers.h"

#include "core/kernels.h"
#include "models/layers/affine_rows.h"
#include "models/layers/autocast.h"

namespace samsr {

torch::nn::GroupNorm group_norm(std::int64_t channels, double epsilon) {
  return torch::nn::GroupNorm(torch::nn::GroupNormOptions(kNormGroups, channels).eps(epsilon));
}

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2));
}

at::Tensor pointwise(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& x) {
  const at::Tensor rows = x.permute({0, 2, 3, 1});
  if (cpu_kernels(x) || !rows.is_contiguous()) {
    return at::conv2d(x, weight, bias);
  }
  return affine_rows(rows, weight.flatten(1), bias).permute({0, 3, 1, 2});
}

at::Tensor doubled(const at::Tensor& x) {
  // Autocast on a GPU would copy what is only repeated into float32.
  const Autocast plain(x.device(), false);
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}, 2.0, 2.0);
}

at::Tensor halved(const at::Tensor& x) { return at::avg_pool2d(x, {2, 2}, {2, 2}); }

void zero_parameters(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (at::Tensor& parameter : module.parameters()) {
    parameter.zero_();
  }
}

}  // namespace samsr
