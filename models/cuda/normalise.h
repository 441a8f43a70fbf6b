#pragma once
// The kernels of group norm: normalise_steps.h on a stream.

#include <cuda_runtime_api.h>

#include "models/cuda/normalise_steps.h"

namespace samsr::cuda {

void launch_moments(const NormaliseMaps& maps, double epsilon, const void* x, const float* map_bias, float* partials,
                    const MomentsOut& out, cudaStream_t stream);
void launch_forward(const NormaliseMaps& maps, const void* x, const Moments& moments, const Affine& affine, void* y,
                    cudaStream_t stream);
void launch_backward(const NormaliseMaps& maps, const void* x, const void* gradient, const Moments& moments,
                     const float* centred_sums, const Affine& affine, const BackwardBuffers& buffers,
                     const GradientsOut& out, cudaStream_t stream);

}  // namespace samsr::cuda
