#include "bench/device_ceilings.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <functional>

namespace samsr::bench {
namespace {

/// Seconds of one of ten calls, after three.
double seconds_of(c10::Device device, const std::function<void()>& work) {
  constexpr int kWarmUp = 3;
  constexpr int kTimed = 10;
  const auto repeat = [&](int times) {
    for (int i = 0; i < times; ++i) {
      work();
    }
    if (device.is_cuda()) {
      at::accelerator::synchronizeDevice(device.index());
    }
  };
  repeat(kWarmUp);
  const auto start = std::chrono::steady_clock::now();
  repeat(kTimed);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / kTimed;
}

}  // namespace

std::vector<Ceiling> ceilings_of(c10::Device device) {
  const torch::NoGradGuard no_grad;
  const bool gpu = device.is_cuda();
  std::vector<Ceiling> found;
  {
    const std::int64_t size = gpu ? 8192 : 1024;
    const auto half = at::TensorOptions(device).dtype(at::kBFloat16);
    const at::Tensor a = at::randn({size, size}, half);
    const at::Tensor b = at::randn({size, size}, half);
    at::Tensor product = at::empty({size, size}, half);
    const double seconds = seconds_of(device, [&] { at::mm_out(product, a, b); });
    const auto n = static_cast<double>(size);
    found.push_back({fmt::format("bf16 product, {} x {}", size, size), 2 * n * n * n / seconds / 1e12, "TFLOP/s"});
  }
  {
    const std::int64_t count = gpu ? std::int64_t{1} << 30 : std::int64_t{1} << 26;
    const at::Tensor from = at::randn({count}, at::TensorOptions(device));
    const at::Tensor to = at::empty_like(from);
    const double seconds = seconds_of(device, [&] { to.copy_(from); });
    found.push_back({fmt::format("copy of {} MB", count * 4 / 1000000),
                     2 * 4.0 * static_cast<double>(count) / seconds / 1e12, "TB/s"});
  }
  {
    const std::int64_t batch = gpu ? 48 : 1;
    constexpr std::int64_t kChannels = 320;
    constexpr std::int64_t kSize = 64;
    const auto half = at::TensorOptions(device).dtype(at::kBFloat16);
    const auto nhwc = at::MemoryFormat::ChannelsLast;
    const at::Tensor x = at::randn({batch, kChannels, kSize, kSize}, half).contiguous(nhwc);
    const at::Tensor weight = at::randn({kChannels, kChannels, 3, 3}, half).contiguous(nhwc);
    const double seconds = seconds_of(device, [&] { at::conv2d(x, weight, {}, 1, 1); });
    const double operations = 2.0 * static_cast<double>(batch * kSize * kSize * kChannels * kChannels * 9);
    found.push_back({fmt::format("bf16 convolution 3 x 3, {} channels, {} maps of 64 x 64", kChannels, batch),
                     operations / seconds / 1e12, "TFLOP/s"});
  }
  return found;
}

}  // namespace samsr::bench
