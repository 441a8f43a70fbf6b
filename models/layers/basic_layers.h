#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace samsr {

/// Groups of every group norm in the networks; channel counts are multiples of it.
inline constexpr std::int64_t kNormGroups = 32;

torch::nn::GroupNorm group_norm(std::int64_t channels, double epsilon = 1e-5);

/// Convolution with a square kernel of odd side, padded with zeros to keep the size at stride 1.
torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1);

/// The convolution of a 1×1 kernel: weight (out,in,1,1), bias (out). On a GPU, where maps lie channels last, as the
/// matrix product that it is, which adds its bias on the way and is quicker both ways.
at::Tensor pointwise(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& x);

/// (B,C,H,W) -> (B,C,2H,2W), nearest, of x's type.
at::Tensor doubled(const at::Tensor& x);

/// (B,C,H,W) -> (B,C,H/2,W/2), means of 2×2.
at::Tensor halved(const at::Tensor& x);

/// Sets all parameters to zero, so that a residual branch starts as the identity.
void zero_parameters(torch::nn::Module& module);

}  // namespace samsr
