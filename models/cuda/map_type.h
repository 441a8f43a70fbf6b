#pragma once

#include "models/layers/element_math.h"

namespace samsr::cuda {

/// What kernels of maps are compiled for.
struct MapType {
  bool brain_float;  ///< else float32
  bool packed;       ///< all maps' addresses are multiples of 16, and so are the bytes of a position

  /// Channels that a thread takes together.
  int width() const { return !packed ? 1 : brain_float ? 8 : 4; }
};

/// use.operator()<T, channels of a thread>()
template <class Use>
void with_type(const MapType& type, const Use& use) {
  if (type.brain_float) {
    type.packed ? use.template operator()<BrainFloat, 8>() : use.template operator()<BrainFloat, 1>();
  } else {
    type.packed ? use.template operator()<float, 4>() : use.template operator()<float, 1>();
  }
}

}  // namespace samsr::cuda
