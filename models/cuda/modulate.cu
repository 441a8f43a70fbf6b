#include "models/cuda/launch.cuh"
#include "models/cuda/modulate.h"

namespace samsr::cuda {
namespace {

template <class Work>
void launch_all(const Work& work, cudaStream_t stream) {
  Launch{stream}(work, work.blocks(), Work::kThreads);
}

}  // namespace

void launch(const Modulate<float>& work, cudaStream_t stream) { launch_all(work, stream); }
void launch(const Modulate<BrainFloat>& work, cudaStream_t stream) { launch_all(work, stream); }
void launch(const ModulateBackward<float>& work, cudaStream_t stream) { launch_all(work, stream); }
void launch(const ModulateBackward<BrainFloat>& work, cudaStream_t stream) { launch_all(work, stream); }

}  // namespace samsr::cuda
