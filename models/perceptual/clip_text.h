#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/weights/load_weights.h"

namespace samsr {

/// Tensors of the text side of CLIP's RN50, under their official names.
std::vector<WantedWeight> clip_text_weights();

/// Features (P,1024), float32, of texts given as tokens (P,77), int64, with zeros behind the end token, which is the
/// highest. `weights` hold clip_text_weights(), of any number type. Computed on the CPU.
at::Tensor clip_text_features(const NamedWeights& weights, const at::Tensor& tokens);

}  // namespace samsr
