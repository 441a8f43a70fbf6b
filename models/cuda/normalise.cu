#include "models/cuda/launch.cuh"
#include "models/cuda/normalise.h"

namespace samsr::cuda {

void launch_moments(const NormaliseMaps& maps, double epsilon, const void* x, float* partials, float* mean,
                    float* inverse, cudaStream_t stream) {
  moments_of(maps, epsilon, x, partials, mean, inverse, Launch{stream});
}

void launch_forward(const NormaliseMaps& maps, const void* x, const Moments& moments, const Affine& affine, void* y,
                    cudaStream_t stream) {
  forward_of(maps, x, moments, affine, y, Launch{stream});
}

void launch_backward(const NormaliseMaps& maps, const void* x, const void* gradient, const Moments& moments,
                     const Affine& affine, const BackwardBuffers& buffers, void* out, float* weight_gradient,
                     float* bias_gradient, cudaStream_t stream) {
  backward_of(maps, x, gradient, moments, affine, buffers, out, weight_gradient, bias_gradient, Launch{stream});
}

}  // namespace samsr::cuda
