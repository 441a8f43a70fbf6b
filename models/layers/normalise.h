#pragma once
// Group norm (arXiv 1803.08494) and what follows it in the denoiser, in one pass over maps that lie channels last.
// LibTorch's group norm takes ten times as long on that layout, which its convolutions want, and on a GPU not at all,
// so that maps are copied twice: without this, norms are half of the training step of a small network.

#include <torch/torch.h>

#include "models/layers/biased_map.h"

namespace samsr {

enum class Activation { kNone, kSilu };

/// activation(norm(x)), x (B,C,H,W), of x's type and layout; what lies between is float32 even where x is bfloat16.
/// With gradient, of the first order.
at::Tensor normalised(torch::nn::GroupNorm& norm, const at::Tensor& x, Activation activation = Activation::kNone);

/// activation(norm(x) · (1 + scale) + shift): the step's modulation; scale and shift (B,C).
at::Tensor normalised(torch::nn::GroupNorm& norm, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                      Activation activation);
/// On a GPU the sum of map and bias is never rounded to the map's type.
at::Tensor normalised(torch::nn::GroupNorm& norm, const BiasedMap& x, const at::Tensor& scale, const at::Tensor& shift,
                      Activation activation);

}  // namespace samsr
