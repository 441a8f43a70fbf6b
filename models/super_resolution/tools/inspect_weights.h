#pragma once

#include <ostream>
#include <string>

#include "core/log.h"

namespace samsr {

/// Prints format, size, hash and metadata of a file of weights, and name, type and shape of each tensor. `path`: as for
/// find_weights(), or kEmbeddedModel. UserError as find_weights() and read_weights().
void inspect_weights(const std::string& path, std::ostream& out, Log& log);

}  // namespace samsr
