#pragma once

#include <cstddef>
#include <string_view>

#include "models/weights/pth/pickle_value.h"

namespace samsr {

struct Unpickled {
  PickleValue* root = nullptr;
  std::size_t size = 0;  ///< bytes up to the end of the pickle
};

/// Runs the pickle that `bytes` begins with: protocols 2 to 5, as torch.save and torch.jit.save write them. It
/// only builds values in `heap`; classes and functions are names, and what they would make is known for tensors
/// and containers alone (torch_objects.h). UnreadableWeights when the pickle is cut short or breaks the protocol.
Unpickled unpickle(std::string_view bytes, PickleHeap& heap);

}  // namespace samsr
