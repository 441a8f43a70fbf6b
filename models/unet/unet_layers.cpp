#include "models/unet/unet_layers.h"

#include "models/layers/basic_layers.h"
#include "models/layers/module_names.h"
#include "models/layers/normalise.h"

namespace samsr {
namespace {

at::Tensor resampled(const at::Tensor& x, Resample resample) {
  return resample == Resample::kUp ? doubled(x) : resample == Resample::kDown ? halved(x) : x;
}

}  // namespace

ResBlock::ResBlock(const Options& options) : options_(options) {
  in_norm_ = group_norm(options.in_channels);
  in_conv_ = adaptable_conv(options.in_channels, options.out_channels, 3);
  embedding_linear_ =
      AdaptableLinear(options.embedding_channels, (options.scale_shift_norm ? 2 : 1) * options.out_channels);
  out_norm_ = group_norm(options.out_channels);
  out_conv_ = adaptable_conv(options.out_channels, options.out_channels, 3);
  zero_parameters(*out_conv_);
  register_module("in_layers", named_slots({{"0", in_norm_.ptr()}, {"2", in_conv_.ptr()}}));
  register_module("emb_layers", named_slots({{"1", embedding_linear_.ptr()}}));
  register_module("out_layers", named_slots({{"0", out_norm_.ptr()}, {"3", out_conv_.ptr()}}));
  if (options.in_channels != options.out_channels) {
    skip_ = register_module("skip_connection", adaptable_conv(options.in_channels, options.out_channels, 1));
  }
}

at::Tensor ResBlock::forward(const at::Tensor& x, const at::Tensor& embedding) {
  at::Tensor h = resampled(normalised(in_norm_, x, Activation::kSilu), options_.resample);
  const at::Tensor step = embedding_linear_(at::silu(embedding));
  if (options_.scale_shift_norm) {
    const auto scale_shift = step.chunk(2, 1);
    h = normalised(out_norm_, in_conv_->with_bias_beside(h), scale_shift[0], scale_shift[1], Activation::kSilu);
  } else {
    h = normalised(out_norm_, in_conv_(h) + step.unsqueeze(-1).unsqueeze(-1), Activation::kSilu);
  }
  const BiasedMap residual = out_conv_->with_bias_beside(at::dropout(h, options_.dropout, is_training()));
  const at::Tensor shortcut = resampled(x, options_.resample);
  return sum_of(skip_.is_empty() ? shortcut : skip_->of_points(shortcut), residual);
}

Upsample::Upsample(std::int64_t channels, bool with_conv) {
  if (with_conv) {
    conv_ = register_module("conv", adaptable_conv(channels, channels, 3));
  }
}

at::Tensor Upsample::forward(const at::Tensor& x, const at::Tensor& /*embedding*/) {
  return conv_.is_empty() ? doubled(x) : conv_(doubled(x));
}

Downsample::Downsample(std::int64_t channels, bool with_conv) {
  if (with_conv) {
    conv_ = register_module("op", adaptable_conv(channels, channels, 3, 2));
  }
}

at::Tensor Downsample::forward(const at::Tensor& x, const at::Tensor& /*embedding*/) {
  return conv_.is_empty() ? halved(x) : conv_(x);
}

}  // namespace samsr
