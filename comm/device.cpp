#include "comm/device.h"

#include <torch/torch.h>

#include <algorithm>
#include <thread>

#include "core/error.h"

namespace samsr {

c10::Device choose_device(const RunSettings& settings, const Communicator& communicator) {
  const bool available = torch::cuda::is_available();
  if (settings.device == "cpu" || (settings.device == "auto" && !available)) {
    return c10::Device(c10::kCPU);
  }
  if (!available) {
    throw UserError(
        "train.device=cuda, but no GPU can be used; check `nvidia-smi`, and that samsr was built with launch/setup "
        "--cuda");
  }
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (communicator.local_rank() >= count) {
    throw UserError("{} ranks on a host with {} GPUs; start one rank a GPU (mpirun --map-by ppr:{}:node)",
                    communicator.local_size(), count, count);
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(communicator.local_rank()));
}

int set_threads(const RunSettings& settings, const Communicator& communicator) {
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int chosen = settings.threads > 0 ? settings.threads : std::max(1, cores / communicator.local_size());
  at::set_num_threads(chosen);
  return chosen;
}

}  // namespace samsr
