#include "models/cuda/launch.cuh"
#include "models/cuda/normalise.h"

namespace samsr::cuda {

void launch_moments(const NormaliseMaps& maps, double epsilon, const void* x, const float* map_bias, float* partials,
                    const MomentsOut& out, cudaStream_t stream) {
  moments_of(maps, epsilon, x, map_bias, partials, out, Launch{stream});
}

void launch_forward(const NormaliseMaps& maps, const void* x, const Moments& moments, const Affine& affine, void* y,
                    cudaStream_t stream) {
  forward_of(maps, x, moments, affine, y, Launch{stream});
}

void launch_backward(const NormaliseMaps& maps, const void* x, const void* gradient, const Moments& moments,
                     const float* centred_sums, const Affine& affine, const BackwardBuffers& buffers,
                     const GradientsOut& out, cudaStream_t stream) {
  backward_of(maps, x, gradient, moments, centred_sums, affine, buffers, out, Launch{stream});
}

}  // namespace samsr::cuda
