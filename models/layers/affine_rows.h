#pragma once

#include <torch/torch.h>

namespace samsr {

/// rows · weightᵀ + bias over the last dimension: rows (B,P,Q,in) contiguous, weight (out,in), bias (out) ->
/// (B,P,Q,out); under autocast in bfloat16. On a GPU the product adds the bias on its way, and the gradient of the bias
/// is a kernel's. With gradient, of the first order.
at::Tensor affine_rows(const at::Tensor& rows, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace samsr
