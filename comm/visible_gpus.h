#pragma once

#include <string>
#include <vector>

namespace samsr {

/// The GPUs that this process can use, in the order of their indices: their UUIDs, or "GPU INDEX" where the driver does
/// not tell one. Empty in a build without CUDA and on a machine without a GPU.
std::vector<std::string> visible_gpus();

}  // namespace samsr
