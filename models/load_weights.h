#pragma once

#include <torch/torch.h>

#include <string>

#include "models/safetensors.h"

namespace samsr {

/// Copies every tensor of `file` into the parameter or buffer of its name, converting the number type. UserError
/// naming `source` when a tensor is missing, superfluous or of another shape: the first few of each by name, and
/// how many more; `module` is then unchanged.
void load_weights(torch::nn::Module& module, const TensorFile& file, const std::string& source);

/// Parameters, then buffers, under their names, on the CPU, contiguous; floating point ones as float32. Copies:
/// later training does not change them.
TensorFile state_of(const torch::nn::Module& module);

}  // namespace samsr
