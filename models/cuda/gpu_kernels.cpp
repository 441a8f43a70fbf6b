#include "core/kernels.h"

namespace samsr {

bool gpu_kernels(const at::Tensor& x) { return own_kernels() && x.is_cuda() && !carries_tangent(x); }

}  // namespace samsr
