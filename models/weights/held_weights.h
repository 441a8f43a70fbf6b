#pragma once

#include <string>

#include "models/weights/safetensors.h"

namespace samsr {

/// UserError when a network of `count` weights, as the settings of `source` make it, is far larger than what the file
/// holds: it would be allocated only to learn that its weights are missing. A network of at most 512 MB may be, as
/// load_weights() then says which.
void check_held_weights(const TensorFile& file, double count, const std::string& source);

}  // namespace samsr
