#include "models/cuda/biased_sum.h"
#include "models/cuda/launch.cuh"

namespace samsr::cuda {

void launch_biased_sum(const SumMaps& maps, const void* shortcut, const void* x, const float* bias, void* y,
                       cudaStream_t stream) {
  biased_sum_of(maps, shortcut, x, bias, y, Launch{stream});
}

void launch_channel_sums(const SumMaps& maps, const void* x, float* partials, float* sums, cudaStream_t stream) {
  channel_sums_of(maps, x, partials, sums, Launch{stream});
}

}  // namespace samsr::cuda
