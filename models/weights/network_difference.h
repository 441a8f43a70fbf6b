#pragma once

#include <string>

#include "models/weights/safetensors.h"

namespace samsr {

/// What two files' metadata say of their networks (kind, variant, scale, settings), in words of the first difference;
/// empty where both say the same.
std::string difference_of_networks(const TensorFile& one, const TensorFile& other);

}  // namespace samsr
