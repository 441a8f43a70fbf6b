#pragma once

#include <c10/core/Device.h>

namespace samsr {

/// The calling thread's current stream of a GPU is from now on one of its own: no CUDA graph can be captured on the
/// default one. What the default stream has begun is waited for. No effect the second time.
void leave_default_stream(c10::Device device);

}  // namespace samsr
