#include "models/cuda/launch.cuh"
#include "models/cuda/normalise_work.h"

namespace samsr::cuda {

void sum_rows(const SumRows& work, cudaStream_t stream) {
  Launch{stream}(work, (2 * work.channels + SumRows::kThreads - 1) / SumRows::kThreads, SumRows::kThreads);
}

}  // namespace samsr::cuda
