#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/log.h"
#include "models/lora/lora_argument.h"
#include "models/super_resolution/tools/convert_weights.h"

namespace samsr {

enum class MergeDirection { kMerge, kUnmerge };

/// Writes `model` with the adapters merged into its weights, as safetensors: a model like any other. kUnmerge: a model
/// so written without them again, to rounding. `model`, `out`: as for convert_weights(). UserError also for adapters of
/// another base, and for ones to be unmerged that were not merged with that weight.
void merge_weights(const std::string& model, const std::vector<LoraArgument>& adapters, MergeDirection direction,
                   const std::filesystem::path& out, const Conversion& how, Log& log);

}  // namespace samsr
