#pragma once
// The kernels of sums with a bias: biased_sum_work.h on a stream.

#include <cuda_runtime_api.h>

#include "models/cuda/biased_sum_work.h"

namespace samsr::cuda {

void launch_biased_sum(const SumMaps& maps, const void* shortcut, const void* x, const float* bias, void* y,
                       cudaStream_t stream);
void launch_channel_sums(const SumMaps& maps, const void* x, float* partials, float* sums, cudaStream_t stream);

}  // namespace samsr::cuda
