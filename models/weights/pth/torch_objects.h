#pragma once

#include <string>

#include "models/weights/pth/pickle_value.h"

namespace samsr {

/// What PyTorch's function or class `name` makes of `arguments`: tensors, parameters, ordered dicts, shapes and
/// the typed lists of TorchScript are understood; anything else becomes a PickleObject of that name, and is not
/// called. UnreadableWeights when one that is understood has arguments of the wrong kind.
PickleValue* call_global(PickleHeap& heap, const std::string& name, const PickleList& arguments);

/// What a persistent id stands for: ("storage", type, key, device, count[, view]) a storage, ("module", class, …)
/// the class.
PickleValue* persistent_object(PickleHeap& heap, const PickleValue& id);

}  // namespace samsr
