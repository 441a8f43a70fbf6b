#include "models/discriminators/spectral_conv.h"

namespace samsr {
namespace {

constexpr double kShortest = 1e-12;

at::Tensor unit(const at::Tensor& vector) { return vector / vector.norm().clamp_min(kShortest); }

SpectralConvOptions with_padding(SpectralConvOptions options) {
  if (options.padding < 0) {
    options.padding = options.kernel / 2;
  }
  return options;
}

/// Weight and bias as torch initialises such a convolution.
template <typename Convolution, typename Options>
std::pair<at::Tensor, at::Tensor> fresh(const SpectralConvOptions& options) {
  const Convolution conv(Options(options.in, options.out, options.kernel));
  return {conv->weight.detach().clone(), conv->bias.detach().clone()};
}

}  // namespace

SpectralConvImpl::SpectralConvImpl(const SpectralConvOptions& options) : options_(with_padding(options)) {
  TORCH_CHECK(options_.dimensions == 1 || options_.dimensions == 2, "SpectralConv: ", options_.dimensions,
              " dimensions");
  TORCH_CHECK(options_.dimensions == 2 || options_.stride == 1, "SpectralConv: rows with a stride");
  const auto [weight, bias] = options_.dimensions == 1 ? fresh<torch::nn::Conv1d, torch::nn::Conv1dOptions>(options_)
                                                       : fresh<torch::nn::Conv2d, torch::nn::Conv2dOptions>(options_);
  if (options_.bias) {
    bias_ = register_parameter("bias", bias);
  }
  weight_ = register_parameter("weight_orig", weight);
  u_ = register_buffer("weight_u", unit(torch::randn({options_.out})));
  v_ = register_buffer("weight_v", unit(torch::randn({weight.numel() / options_.out})));
}

at::Tensor SpectralConvImpl::forward(const at::Tensor& x, const SpectralVectors& vectors) {
  // Products of elements and sums, which autocast leaves in the weight's own type.
  const at::Tensor sigma = ((weight_.flatten(1) * vectors.v).sum(1) * vectors.u).sum();
  const at::Tensor weight = weight_ / sigma;
  const std::int64_t padding = options_.padding;
  if (options_.dimensions == 2) {
    return at::conv2d(x, weight, bias_, at::IntArrayRef(options_.stride), at::IntArrayRef(padding));
  }
  return at::conv1d(padding == 0 ? x : at::pad(x, {padding, padding}, "circular"), weight, bias_);
}

SpectralVectors SpectralConvImpl::vectors() const { return {u_.clone(), v_.clone()}; }

SpectralVectors SpectralConvImpl::advance() {
  const torch::NoGradGuard no_grad;
  const at::Tensor matrix = weight_.flatten(1);
  v_.copy_(unit(at::mv(matrix.t(), u_)));
  u_.copy_(unit(at::mv(matrix, v_)));
  return vectors();
}

}  // namespace samsr
