#pragma once

#include <c10/core/Device.h>

#include "data/shards/loader.h"

namespace samsr {

/// Samples from … from+count-1 of a batch; views of the same tensors.
Batch slice(const Batch& batch, std::int64_t from, std::int64_t count);

/// The batch as recipes see it: tensors on `device`, latents as float32, HR images as float32 in [-1, 1]. Where the
/// batch is page-locked, copies run beside what the caller does next.
Batch to_device(Batch batch, c10::Device device);

}  // namespace samsr
