#pragma once

#include <cstdint>

#include "models/weights/safetensors.h"

namespace samsr {

/// CRC-32C of names, shapes and values, whatever the order of the tensors and the file's metadata: tells weights
/// apart.
std::uint32_t weights_checksum(const TensorFile& file);

}  // namespace samsr
