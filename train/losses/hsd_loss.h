#pragma once
// TAD-SR's score distillation (arXiv 2408.07476): student and teacher are compared by what the teacher's score says of
// them at little noise, where it speaks of fine detail. Latents (B,C,h,w).

#include <ATen/core/Tensor.h>

#include "diffusion/diffusion.h"

namespace samsr {

/// g = ε_T(q(x0)) - ε_T(q(teacher_x0)), (B,C,h,w) without gradient; q is q_sample with `steps` (B) int64 and `noise`
/// (B,C,h,w) for both, ε_T(x) = (x - f - η(z_y - f)) / (κ√η) with the teacher's answer f to s(x). `scaled_twice`: to
/// s(s(x)), as in the released code. One pass of the teacher, of 2B samples.
at::Tensor score_difference(const Diffusion& diffusion, const Denoiser& teacher, const at::Tensor& x0,
                            const at::Tensor& teacher_x0, const at::Tensor& z_y, const at::Tensor& lq,
                            const at::Tensor& steps, const at::Tensor& noise, bool scaled_twice);

/// Mean of g ⊙ x0, g a score_difference(): (B). Its gradient, g / (C·h·w), is what it is for; its value may be negative
/// and means nothing.
at::Tensor hsd_loss(const at::Tensor& x0, const at::Tensor& difference);

}  // namespace samsr
