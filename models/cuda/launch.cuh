#pragma once
// Runs work in phases (phases.h) on a GPU.

#include <cuda_runtime_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "models/cuda/phases.h"

namespace samsr::cuda {

template <class Work>
__global__ void __launch_bounds__(Work::kThreads) in_phases(const __grid_constant__ Work work) {
  __shared__ typename Work::Shared shared;
  work(0, blockIdx.x, static_cast<int>(threadIdx.x), shared);
  for (int phase = 1; phase < work.phases(); ++phase) {
    __syncthreads();
    work(phase, blockIdx.x, static_cast<int>(threadIdx.x), shared);
  }
}

/// Work on a stream.
class Launch {
 public:
  explicit Launch(cudaStream_t stream) : stream_(stream) {}

  template <class Work>
  void operator()(const Work& work, std::int64_t blocks, int threads) const {
    if (blocks == 0) {
      return;
    }
    in_phases<Work><<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 0, stream_>>>(work);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess) {
      throw std::runtime_error(std::string("a kernel was not launched: ") + cudaGetErrorString(error));
    }
  }

 private:
  cudaStream_t stream_;
};

}  // namespace samsr::cuda
