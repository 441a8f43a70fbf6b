#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/weights/load_weights.h"

namespace samsr {

/// Weights of a perceptual network from its official file. Tensors for which `ignored` holds are passed over: what the
/// publishers put into the file besides. UserError naming the file and the tensors when the rest is not what is
/// `wanted`; `network` says in the message what it was to fit.
NamedWeights read_fitting_weights(const std::filesystem::path& file, const std::vector<WantedWeight>& wanted,
                                  const std::string& network, bool (*ignored)(std::string_view name));

}  // namespace samsr
