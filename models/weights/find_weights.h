#pragma once

#include <filesystem>

#include "core/log.h"

namespace samsr {

/// The weights file that `path` means, wherever a model is named (train.teacher_weights, --model): a .safetensors file
/// itself; ema.safetensors of a checkpoint folder, of the one that a run's file `best` names, or of the newest whole
/// checkpoint of a run's folder. Checks the CRC that the checkpoint recorded of the file, if it is one of its own.
/// UserError when there is no such file, or what it names is damaged; a damaged checkpoint of a run's folder is a
/// warning, and the one before it is used.
std::filesystem::path find_weights(const std::filesystem::path& path, Log& log);

}  // namespace samsr
