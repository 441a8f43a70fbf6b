#pragma once
// models/layers/element_math.h for LibTorch's bfloat16, too.

#include <ATen/core/Tensor.h>

#include <bit>

#include "models/layers/element_math.h"

namespace samsr {

inline float widened(c10::BFloat16 value) { return widened(BrainFloat{value.x}); }

inline void store(c10::BFloat16& to, float value) {
  BrainFloat rounded;
  store(rounded, value);
  to.x = rounded.bits;
}

}  // namespace samsr
