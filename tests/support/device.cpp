#include "support/device.h"

#include <cstdlib>

#include "core/device_stream.h"
#include "core/kernels.h"

namespace samsr::testing {
namespace {

c10::Device device_of_environment() {
  const char* const set = std::getenv("SAMSR_DEVICE");
  const c10::Device device(set == nullptr || *set == '\0' ? "cpu" : set);
  at::Context& context = at::globalContext();
  for (const at::Float32Op op : {at::Float32Op::CONV, at::Float32Op::MATMUL}) {
    context.setFloat32Precision(at::Float32Backend::CUDA, op, at::Float32Precision::IEEE);
  }
  context.setDeterministicCuDNN(true);
  choose_attention_kernels();
  if (device.is_cpu()) {
    return device;
  }
  const c10::Device first(device.type(), device.has_index() ? device.index() : c10::DeviceIndex{0});
  leave_default_stream(first);
  return first;
}

}  // namespace

c10::Device device() {
  static const c10::Device chosen = device_of_environment();
  return chosen;
}

}  // namespace samsr::testing
