#include "models/cuda/launch.cuh"
#include "models/cuda/windows.h"

namespace samsr::cuda {

void launch_windows(const WindowMaps& maps, WindowCopy copy, const void* from, const void* added, void* to,
                    cudaStream_t stream) {
  copy_windows(maps, copy, from, added, to, Launch{stream});
}

}  // namespace samsr::cuda
