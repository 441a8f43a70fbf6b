#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "diffusion/diffusion.h"

namespace samsr {

/// `denoiser`, of a network with these parameters, whose calls on a GPU are replayed as CUDA graphs: the host asks for
/// a pass at once instead of kernel by kernel, which takes it longer than a GPU needs for a few images. The same bits
/// either way. A kind of call (shapes, with or without gradient, autocast) is captured after some calls as usual;
/// inputs that want gradients, or parameters that do not, are never captured. Of the kinds with gradient a few are,
/// since each keeps its activations' memory. The network must do the same every time: no dropout, no recomputation.
/// For one thread. On the default stream (leave_default_stream), in the CPU flavour, and with SAMSR_PLAIN=1 calls stay
/// as they are.
Denoiser graphed(Denoiser denoiser, std::vector<at::Tensor> parameters);

}  // namespace samsr
