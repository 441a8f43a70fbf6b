#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace samsr {

/// A value and its derivative along a direction, of the same shape and without gradient.
struct ForwardDerivative {
  at::Tensor value;
  at::Tensor along;
};

/// f at `point` and Σ_k ∂f/∂point_k · tangents_k, in one pass by LibTorch's dual tensors: no graph is made, and nothing
/// is kept of the pass. Tangents have the shapes of their points, all of floating point. Every operator of f has to
/// have a forward derivative, which none of our kernels has: they stand aside for tensors that carry a tangent
/// (core/kernels.h). One at a time in a process.
ForwardDerivative forward_derivative(const std::function<at::Tensor(const std::vector<at::Tensor>&)>& f,
                                     const std::vector<at::Tensor>& point, const std::vector<at::Tensor>& tangents);

}  // namespace samsr
