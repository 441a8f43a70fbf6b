#pragma once
// Which kernels compute: our own, for CPUs or for GPUs, or LibTorch's operators.

#include <ATen/core/Tensor.h>

namespace samsr {

/// Whether x carries a tangent (diffusion/forward_derivative.h): only LibTorch's operators that have a forward
/// derivative then compute the right one, and none of our kernels has one.
bool carries_tangent(const at::Tensor& x);

/// Whether x is for the kernels that were written for CPUs: it lies there and carries no tangent. With SAMSR_PLAIN=1 in
/// the environment, read once, it never is: the operators that stand for them on other devices then compute on the CPU,
/// and tests hold them to the same numbers.
bool cpu_kernels(const at::Tensor& x);

/// Whether x is for the kernels that were written for GPUs (models/cuda): it lies on one and carries no tangent, this
/// is the CUDA flavour, and the environment does not say SAMSR_PLAIN=1.
bool gpu_kernels(const at::Tensor& x);

/// Whether kernels of our own are wanted: not with SAMSR_PLAIN=1 in the environment, which is read once, nor after
/// leave_own_kernels().
bool own_kernels();

/// From here on this process computes with LibTorch's operators alone.
void leave_own_kernels();

/// Leaves cuDNN out of LibTorch's choice of attention: its kernels take no bias that wants a gradient, so that with and
/// without gradients the same attention would be computed by different kernels, and each shape would first be planned.
/// To be called before the first attention on a GPU; no effect on a CPU.
void choose_attention_kernels();

}  // namespace samsr
