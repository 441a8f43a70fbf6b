#include "comm/visible_gpus.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <optional>

namespace samsr {
namespace {

/// 16 bytes, as the driver's CUuuid.
using Uuid = std::array<unsigned char, 16>;

/// Of the device that the driver calls `index`; none where it does not tell. The driver is asked by name, so that a
/// build needs no header of CUDA.
std::optional<Uuid> uuid_of(int index) {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW);  // torch has it open already; never closed
  if (driver == nullptr) {
    return std::nullopt;
  }
  const auto start = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto device_of = reinterpret_cast<int (*)(int*, int)>(::dlsym(driver, "cuDeviceGet"));
  const auto read = reinterpret_cast<int (*)(Uuid*, int)>(::dlsym(driver, "cuDeviceGetUuid_v2"));
  int device = 0;
  Uuid uuid{};
  if (start == nullptr || device_of == nullptr || read == nullptr || start(0) != 0 || device_of(&device, index) != 0 ||
      read(&uuid, device) != 0) {
    return std::nullopt;
  }
  return uuid;
}

}  // namespace

std::vector<std::string> visible_gpus() {
  const int count = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0;
  std::vector<std::string> gpus;
  for (int index = 0; index < count; ++index) {
    const std::optional<Uuid> uuid = uuid_of(index);
    std::string name = uuid ? "" : fmt::format("GPU {}", index);
    for (const unsigned char byte : uuid.value_or(Uuid{})) {
      name += uuid ? fmt::format("{:02x}", byte) : "";
    }
    gpus.push_back(name);
  }
  return gpus;
}

}  // namespace samsr
