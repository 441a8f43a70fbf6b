#pragma once
// A convolution without bias and the batch norm behind it, which follows the statistics of training: together one
// convolution.

#include <string>
#include <vector>

#include "models/weights/load_weights.h"

namespace samsr {

/// float32, on the CPU.
struct FoldedConv {
  at::Tensor weight;  ///< (out, in, k, l)
  at::Tensor bias;    ///< (out)
};

/// Adds the tensors of both to what is `wanted`: CONV.weight of `shape` (out, in, k, l), and the norm's weight, bias,
/// running_mean and running_var.
void want_normed_conv(std::vector<WantedWeight>& wanted, const std::string& conv, const std::string& norm,
                      const std::vector<std::int64_t>& shape);

/// w gamma / sqrt(var + epsilon), beta - mean gamma / sqrt(var + epsilon), computed in double precision.
FoldedConv fold_batch_norm(const NamedWeights& weights, const std::string& conv, const std::string& norm,
                           double epsilon);

}  // namespace samsr
