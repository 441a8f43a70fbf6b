#pragma once
// Models that are a base and adapters (models/lora).

#include <filesystem>
#include <string>
#include <vector>

#include "core/log.h"
#include "models/lora/adapter_file.h"
#include "models/lora/lora_argument.h"
#include "models/weights/safetensors.h"

namespace samsr {

/// Adapters, and what their part is multiplied by.
struct WeightedAdapters {
  Adapters adapters;
  double weight = 1;
};

/// The adapters that arguments name, each a file, the averaged ones of a checkpoint, or of a run's newest.
std::vector<WeightedAdapters> read_adapters(const std::vector<LoraArgument>& arguments, Log& log);

/// The weights `base` with all the adapters merged, as a model file: settings, kind and variant are those that the
/// adapters were trained with. `source` stands for the base in messages. UserError where adapters are of different
/// models, or of another base.
TensorFile with_adapters(TensorFile base, const std::string& source, const std::vector<WeightedAdapters>& adapters);

/// `file` itself; of adapters, the model that they make of the base that they name, which has to lie where it lay.
/// `source` stands for the file in messages.
TensorFile whole_model(TensorFile file, const std::string& source);

/// whole_model() of a file of any format that read_weights() takes.
TensorFile read_whole_model(const std::filesystem::path& path);

}  // namespace samsr
