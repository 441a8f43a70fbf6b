#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace samsr {

/// (B) float32 of feature maps (B,C,h,w), one of each list at each layer: the sum over layers of the layer's weight
/// times the mean over positions of |f/|f| - g/|g||², in float32 whatever autocast says. Differentiable by `found`.
at::Tensor feature_distance(const std::vector<at::Tensor>& found, const std::vector<at::Tensor>& expected,
                            const std::vector<double>& layer_weights);

}  // namespace samsr
