#pragma once

#include <ATen/core/Tensor.h>

namespace samsr {

/// at::linear without gradients: x (…, in), weight (out, in), bias (out) or undefined -> (…, out). In float32 on a
/// CPU through oneDNN, which uses the widest vectors of any processor; MKL, behind at::linear, leaves half of an
/// AMD processor's width unused.
at::Tensor wide_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace samsr
