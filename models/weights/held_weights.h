#pragma once

#include <string>

#include "models/weights/safetensors.h"

namespace samsr {

/// UserError when the file holds fewer than the `count` weights of the network that the settings of `source` make, and
/// it is large: it would be allocated, with `other_bytes` beside its weights, only to learn that weights are missing.
/// One of at most 512 MB may be, as load_weights() then says which.
void check_held_weights(const TensorFile& file, double count, const std::string& source, double other_bytes = 0);

}  // namespace samsr
