#pragma once
// What `--model` names: the embedded student, a file or folder of samsr's own, or an official file by its name.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "eval/upscale/upscaler.h"
#include "models/lora/lora_argument.h"
#include "models/super_resolution/super_resolution_model.h"
#include "models/weights/official_files.h"
#include "segmentation/settings.h"

namespace samsr {

/// A model as the command line names it, and the settings that it upscales with.
struct ModelArgument {
  /// kEmbeddedModel, a .safetensors or .pth file, a checkpoint, the folder of a run, or an official file by its name,
  /// which is looked for in the folder of `files`.
  std::string path;
  ModelSettings model;  ///< of official files, which carry none; what its first_stage.weights names replaces any file's
  std::string recipe;   ///< train.recipe that the settings are of: which noise an official student takes
  UpscaleSettings upscale;
  MaskSettings masks;
  OfficialFilesSettings files;
  std::map<std::string, std::string> given{};  ///< key → place of what the user set of `model`: model_settings_given()
  std::vector<LoraArgument> lora{};            ///< adapters that are merged into the model
  /// Sampling steps of a model that has a choice of them, in the place of the setting of its kind: --steps.
  std::optional<std::int64_t> steps{};
};

/// What made pictures with it, for tables: the path, and the adapters with their weights.
std::string source_of(const ModelArgument& argument);

/// Settings of a model that `settings` has not from their defaults: key → where they were set (Settings::origin()).
std::map<std::string, std::string> model_settings_given(const Settings& settings);

/// Name of the shipped settings that an official model needs ("samsr_released_x4.yaml"), for ConfigArguments::load();
/// empty for every other model. `path`: the official name, its file's name, or a path that ends in either, in
/// safetensors too.
std::string shipped_config_of(const std::string& path);

/// The file of weights that an argument other than kEmbeddedModel names, read.
struct ArgumentWeights {
  std::filesystem::path path;
  TensorFile file;
};

/// UserError when there is none, which says where an official one is published and where to put it.
ArgumentWeights read_argument(const ModelArgument& argument, Log& log);

/// The model, on the CPU. The kind of an official one is in the catalogue; what it needs beside, the autoencoder, is
/// looked for beside the file and in the folder of official files unless first_stage.weights names it. Says in the log
/// what was taken, and warns of settings that have no effect because the model carries its own. UserError when a file
/// is missing, which says where it is published and where to put it, or does not fit its settings, and where adapters
/// are of another model.
LoadedModel load_model_argument(const ModelArgument& argument, Log& log);
/// The same from its file, where it was read already.
LoadedModel load_model_argument(const ModelArgument& argument, const ArgumentWeights& weights, Log& log);

/// Whether Segment Anything makes the masks of a student of masked noise with an official file of weights: the settings
/// ask for it and name no other file.
bool needs_official_masks(const ModelArgument& argument);

/// Masks of the argument; where those of Segment Anything are asked for and no file of weights is named, with an
/// official one of the folder of official files, if there is one.
MaskSettings masks_of(const ModelArgument& argument, Log& log);

}  // namespace samsr
