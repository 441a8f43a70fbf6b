#include "models/lora/adaptable_layers.h"

#include <ATen/autocast_mode.h>

#include "models/layers/affine_rows.h"
#include "models/layers/basic_layers.h"
#include "models/layers/channels_last.h"

namespace samsr {
namespace {

/// Zeroes B, and puts both where `weight`, the layer's own, lies, laid out like it.
void start(torch::nn::Module& a, torch::nn::Module& b, const at::Tensor& weight) {
  zero_parameters(b);
  for (torch::nn::Module* each : {&a, &b}) {
    each->to(weight.device(), weight.scalar_type());
    if (weight.dim() == 4 && weight.suggest_memory_format() == at::MemoryFormat::ChannelsLast) {
      use_channels_last(*each);
    }
  }
}

/// The scale goes onto the r values between A and B, of which there are fewest.
at::Tensor scaled(const at::Tensor& low, double scale) { return scale == 1 ? low : low * scale; }

}  // namespace

const at::Tensor& FrozenWeight::now() {
  const c10::DeviceType device = weight_.device().type();
  if (!at::autocast::is_autocast_enabled(device) || weight_.requires_grad()) {
    return weight_;
  }
  const at::ScalarType type = at::autocast::get_autocast_dtype(device);
  const bool current = cast_.defined() && cast_.scalar_type() == type && version_ == weight_._version() &&
                       place_ == weight_.const_data_ptr();
  if (!current) {
    cast_ = weight_.detach().to(type);
    version_ = static_cast<std::uint32_t>(weight_._version());
    place_ = weight_.const_data_ptr();
  }
  return cast_;
}

at::Tensor AdaptableLinearImpl::of_rows(const at::Tensor& rows) {
  return corrected(affine_rows(rows, used(weight), bias), rows);
}

void AdaptableLinearImpl::freeze() { frozen_ = std::make_shared<FrozenWeight>(weight); }

at::Tensor AdaptableLinearImpl::corrected(const at::Tensor& y, const at::Tensor& x) {
  return lora_a_.is_empty() ? y : y + lora_b_(scaled(lora_a_(x), scale_));
}

void AdaptableLinearImpl::adapt(std::int64_t rank, double alpha) {
  TORCH_CHECK(lora_a_.is_empty(), "the layer has an adapter already");
  scale_ = alpha / static_cast<double>(rank);
  using Options = torch::nn::LinearOptions;
  lora_a_ = register_module("lora_A", torch::nn::Linear(Options(options.in_features(), rank).bias(false)));
  lora_b_ = register_module("lora_B", torch::nn::Linear(Options(rank, options.out_features()).bias(false)));
  start(*lora_a_, *lora_b_, weight);
}

at::Tensor AdaptableConv2dImpl::forward(const at::Tensor& x) { return corrected(_conv_forward(x, used(weight)), x); }

BiasedMap AdaptableConv2dImpl::with_bias_beside(const at::Tensor& x) {
  const BiasedMap y = convolved(options, used(weight), bias, x);
  return {corrected(y.map, x), y.bias};
}

at::Tensor AdaptableConv2dImpl::of_points(const at::Tensor& x) {
  return corrected(pointwise(used(weight), bias, x), x);
}

void AdaptableConv2dImpl::freeze() { frozen_ = std::make_shared<FrozenWeight>(weight); }

at::Tensor AdaptableConv2dImpl::corrected(const at::Tensor& y, const at::Tensor& x) {
  if (lora_a_.is_empty()) {
    return y;
  }
  // B, and A of a 1×1 kernel, as the matrix products over channels that they are.
  const bool by_points =
      lora_a_->weight.size(2) * lora_a_->weight.size(3) == 1 && y.sizes().slice(2) == x.sizes().slice(2);
  const at::Tensor low =
      by_points ? at::linear(x.permute({0, 2, 3, 1}), lora_a_->weight.flatten(1)) : lora_a_(x).permute({0, 2, 3, 1});
  return y + at::linear(scaled(low, scale_), lora_b_->weight.flatten(1)).permute({0, 3, 1, 2});
}

void AdaptableConv2dImpl::adapt(std::int64_t rank, double alpha) {
  TORCH_CHECK(lora_a_.is_empty(), "the layer has an adapter already");
  TORCH_CHECK(options.groups() == 1, "an adapter beside a convolution in groups");
  scale_ = alpha / static_cast<double>(rank);
  using Options = torch::nn::Conv2dOptions;
  lora_a_ = register_module("lora_A", torch::nn::Conv2d(Options(options.in_channels(), rank, options.kernel_size())
                                                            .stride(options.stride())
                                                            .padding(options.padding())
                                                            .dilation(options.dilation())
                                                            .bias(false)));
  lora_b_ = register_module("lora_B", torch::nn::Conv2d(Options(rank, options.out_channels(), 1).bias(false)));
  start(*lora_a_, *lora_b_, weight);
}

AdaptableConv2d adaptable_conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return AdaptableConv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2));
}

}  // namespace samsr
