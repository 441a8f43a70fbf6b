#include "train/faults/memory_estimate.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/memory.h"

namespace samsr {
void MemoryEstimate::add(const std::string& name, double bytes) { parts.emplace_back(name, bytes / 1e6); }

double MemoryEstimate::total_mb() const {
  double total = 0;
  for (const auto& [name, mb] : parts) {
    total += mb;
  }
  return total;
}

std::string MemoryEstimate::text() const {
  std::string text;
  for (const auto& [name, mb] : parts) {
    if (mb >= 0.5) {
      text += fmt::format("{}{} {:.0f}", text.empty() ? "" : ", ", name, mb);
    }
  }
  return fmt::format("about {:.0f} MB a rank: {}", total_mb(), text);
}

double extrapolated(double one, double two, double images) { return one + (images - 1) * std::max(0.0, two - one); }

std::optional<double> usable_memory_mb(c10::Device device, int ranks) {
  if (!device.is_cpu()) {
    return static_cast<double>(at::accelerator::getMemoryInfo(device.index()).second) / 1e6;
  }
  const auto available = free_memory_mb();
  return available ? std::optional(*available + resident_memory_mb() * ranks) : std::nullopt;
}

std::optional<double> peak_gpu_memory_mb(c10::Device device) {
  if (device.is_cpu()) {
    return std::nullopt;
  }
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return static_cast<double>(at::accelerator::getDeviceStats(device.index()).allocated_bytes[kAll].peak) / 1e6;
}

}  // namespace samsr
