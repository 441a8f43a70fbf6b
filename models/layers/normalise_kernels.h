#pragma once
// The kernels of normalised(), on CPUs and, in the CUDA flavour, on GPUs.

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

/// What the maps of a batch are normalised with. Maps are (B,C,H,W), float32 or bfloat16, channels last.
struct Normalisation {
  std::int64_t groups;
  double epsilon;
  bool silu;
};

/// Mean and 1/√(variance + ε) of each group: (B,groups) float32 each. With a bias of the map, (C) float32, which only
/// GPUs take, they are those of x + map_bias, and beside them lies Σ(x + map_bias - mean) of each channel: (B,C).
struct GroupMoments {
  at::Tensor mean;
  at::Tensor inverse_deviation;
  at::Tensor map_bias;
  at::Tensor centred_sums;
};

/// map_bias may be undefined.
GroupMoments group_moments(const Normalisation& how, const at::Tensor& x, const at::Tensor& map_bias);

/// x̂·weight + bias, then SiLU where asked for; x̂ the normalised x + map_bias. weight and bias (1 or B, C) float32. Of
/// x's type.
at::Tensor normalise_forward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                             const at::Tensor& weight, const at::Tensor& bias);

struct NormaliseGradients {
  at::Tensor x;       ///< like x
  at::Tensor weight;  ///< like weight
  at::Tensor bias;
  at::Tensor map_bias;  ///< (C), where there is one
};

/// `gradient` is that of the result, of x's shape, type and layout.
NormaliseGradients normalise_backward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                                      const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gradient);

/// The same where x lies on a GPU, with all else, on the current stream: what the functions above call for it.
/// models/cuda.
namespace cuda {

GroupMoments group_moments(const Normalisation& how, const at::Tensor& x, const at::Tensor& map_bias);
at::Tensor normalise_forward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                             const at::Tensor& weight, const at::Tensor& bias);
NormaliseGradients normalise_backward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                                      const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gradient);

struct ChannelAffine {
  at::Tensor weight, bias;  ///< (B,C) float32
};

/// weight·(1 + scale) and bias·(1 + scale) + shift; weight and bias (C) float32, scale and shift (B,C), both float32 or
/// both bfloat16, channels side by side.
ChannelAffine modulate(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale,
                       const at::Tensor& shift);

struct ModulationGradients {
  at::Tensor weight, bias, scale, shift;
};

ModulationGradients modulate_backward(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale,
                                      const at::Tensor& shift, const ChannelAffine& gradient);

}  // namespace cuda

}  // namespace samsr
