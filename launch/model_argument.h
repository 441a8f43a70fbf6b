#pragma once
// What `--model` names: the embedded student, a file or folder of samsr's own, or an official file by its name.

#include <string>

#include "launch/config.h"

namespace samsr {

/// Name of the shipped settings that an official model needs ("samsr_x4.yaml"), for ConfigArguments::load(); empty for
/// every other model. `argument`: the official name, its file's name, or a path that ends in either, in safetensors
/// too.
std::string shipped_config_of(const std::string& argument);

/// The model of `--model`, on the CPU: kEmbeddedModel, a .safetensors or .pth file, a checkpoint, the folder of a run,
/// or an official file by its name, which is looked for in weights.folder (OfficialFiles). Official files carry no
/// settings: `config` gives them, and the catalogue the kind; what is needed beside, the autoencoder, is looked for
/// beside the file and in weights.folder unless first_stage.weights names it. Says in the log what was taken. UserError
/// when a file is missing, which says where it is published and where to put it, or does not fit its settings.
LoadedModel load_model_argument(const std::string& argument, const Config& config, Log& log);

/// Sets masks.weights to an official file of Segment Anything in weights.folder, if there is one, where masks of it are
/// asked for and no file is named.
void find_mask_weights(Config& config, Log& log);

}  // namespace samsr
