#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace samsr {

/// What of a tensor on the CPU is not finite: "3 values that are not finite (first: NaN at 17)"; empty when all is, as
/// it is for types that have no infinity. One pass.
std::string not_finite(const at::Tensor& tensor);

}  // namespace samsr
