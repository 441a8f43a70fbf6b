#pragma once

#include <ATen/core/Tensor.h>

#include "core/rng.h"

namespace samsr {

/// Standard normal numbers of the stream, float32 on the CPU: the same on every machine for the same stream.
at::Tensor standard_normal(Rng& rng, at::IntArrayRef shape);

}  // namespace samsr
