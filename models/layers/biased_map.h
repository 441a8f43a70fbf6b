#pragma once
// Convolutions whose bias the next operator adds. On a GPU LibTorch adds it by a kernel of its own, which reads and
// writes the map once more; what follows reads the map anyway.

#include <torch/torch.h>

namespace samsr {

/// map (B,C,H,W) + bias (C), not added yet; nothing is to be added where the bias is undefined.
struct BiasedMap {
  at::Tensor map;
  at::Tensor bias;
};

/// conv(x): with its bias beside it where x is for the kernels of GPUs, else whole.
BiasedMap convolved(torch::nn::Conv2d& conv, const at::Tensor& x);
/// The same of a convolution with these weights; `bias` may be undefined.
BiasedMap convolved(const torch::nn::detail::ConvNdOptions<2>& how, const at::Tensor& weight, const at::Tensor& bias,
                    const at::Tensor& x);

/// map + bias, of the map's type.
at::Tensor whole(const BiasedMap& x);

/// shortcut + map + bias. With gradient, of the first order.
at::Tensor sum_of(const at::Tensor& shortcut, const BiasedMap& x);

/// The kernels, on the current stream: maps float32 or bfloat16, channels last; bias (C) float32. models/cuda.
namespace cuda {

at::Tensor biased_sum(const at::Tensor& shortcut, const at::Tensor& map, const at::Tensor& bias);
/// Sums of each channel over batch and positions: (C) float32.
at::Tensor channel_sums(const at::Tensor& map);

}  // namespace cuda

}  // namespace samsr
