#include "models/unet/classifier_head.h"

namespace samsr {
namespace {

torch::nn::Conv2d strided(std::int64_t channels, std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, channels, kernel).stride(stride).padding(padding));
}

}  // namespace

ClassifierHeadImpl::ClassifierHeadImpl(const Options& options)
    : halving_(register_module("0", strided(options.channels, options.kernel, 2, options.kernel / 2 - 1))),
      halving_norm_(register_module("1", torch::nn::GroupNorm(options.groups, options.channels))),
      shrinking_(register_module("3", strided(options.channels, options.kernel, options.kernel, 0))),
      shrinking_norm_(register_module("4", torch::nn::GroupNorm(options.groups, options.channels))),
      logit_(register_module("6", torch::nn::Conv2d(torch::nn::Conv2dOptions(options.channels, 1, 1)))) {}

at::Tensor ClassifierHeadImpl::forward(const at::Tensor& features) {
  const at::Tensor half = at::silu(halving_norm_(halving_(features)));
  const at::Tensor small = at::silu(shrinking_norm_(shrinking_(half)));
  return logit_(small).to(at::kFloat).mean({1, 2, 3});
}

}  // namespace samsr
