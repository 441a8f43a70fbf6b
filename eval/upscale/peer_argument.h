#pragma once
// Compared methods among what `--model` names.

#include <memory>

#include "core/log.h"
#include "eval/upscale/model_argument.h"
#include "models/peers/peer_model.h"

namespace samsr {

/// The compared method whose tensors `weights` are; null when they are of none. DASR's second file is the one that
/// upscale.predictor names, else what the catalogue calls so, beside the first or in the folder of official files. Says
/// in the log what was taken. UserErrors of load_peer(), and when upscale.predictor is named for another method.
std::unique_ptr<PeerModel> load_peer_argument(const ModelArgument& argument, const ArgumentWeights& weights, Log& log);

/// DASR from a folder that holds its two files under any names; null when the argument names no folder, or one with a
/// run's checkpoints. UserError when the folder lacks one of them, or has several.
std::unique_ptr<PeerModel> load_peer_folder(const ModelArgument& argument, Log& log);

}  // namespace samsr
