#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace samsr {

using TensorFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// function(inputs), of which the backward pass keeps the inputs alone and computes the rest again ("activation
/// checkpointing", arXiv 1604.06174). `parameters`: the leaves that the function uses besides its inputs; all of them
/// receive a gradient. The function must give the same result when it is called again; it runs under the autocast
/// state of the first call.
at::Tensor recomputed(const TensorFunction& function, const std::vector<at::Tensor>& inputs,
                      const std::vector<at::Tensor>& parameters);

}  // namespace samsr
