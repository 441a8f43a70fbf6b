#pragma once
// The kernels of windows: windows_work.h on a stream.

#include <cuda_runtime_api.h>

#include "models/cuda/windows_steps.h"

namespace samsr::cuda {

void launch_windows(const WindowMaps& maps, WindowCopy copy, const void* from, const void* added, void* to,
                    cudaStream_t stream);

}  // namespace samsr::cuda
