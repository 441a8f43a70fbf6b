#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace samsr {

/// UserError naming `source`, the file, and the tensor when one of its numbers is infinite or NaN, or
/// would be in single precision.
void check_finite(const std::string& name, const at::Tensor& tensor, const std::string& source);

}  // namespace samsr
