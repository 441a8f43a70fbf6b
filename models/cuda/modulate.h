#pragma once
// modulate_work.h on a stream.

#include <cuda_runtime_api.h>

#include "models/cuda/modulate_work.h"

namespace samsr::cuda {

void launch(const Modulate<float>& work, cudaStream_t stream);
void launch(const Modulate<BrainFloat>& work, cudaStream_t stream);
void launch(const ModulateBackward<float>& work, cudaStream_t stream);
void launch(const ModulateBackward<BrainFloat>& work, cudaStream_t stream);

}  // namespace samsr::cuda
