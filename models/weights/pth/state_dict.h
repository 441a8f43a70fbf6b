#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/weights/pth/pickle_value.h"

namespace samsr {

/// The named tensors of a file, as they lie in its pickle.
struct StateDict {
  std::vector<std::pair<std::string, const PickleTensor*>> tensors;
  std::string picked;                    ///< key of the dict that was taken; empty for the whole file
  std::string prefix;                    ///< removed from the front of every name
  std::vector<std::string> passed_over;  ///< other keys, and entries that are Python objects: the first twenty
};

/// Finds the weights in what a file holds: the dict under `params_ema`, `ema`, `model_ema`, `state_dict_ema`,
/// `ema_state_dict`, `ema_model`, `state_dict`, `params`, `model_state_dict`, `model` or `weights` where one of them
/// holds tensors (the first of these, and again inside it), else everything; of a module its parameters and buffers.
/// Names of nested parts are joined by dots, a prefix `module.` or `_orig_mod.` that all names share is removed, and so
/// is the count `n_averaged` that PyTorch's AveragedModel keeps beside `module.`. Numbers and texts are left out.
/// UnreadableWeights when there is no tensor, or an entry is an object that might have been one.
StateDict find_state_dict(const PickleValue& root);

}  // namespace samsr
