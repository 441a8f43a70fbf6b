#include "train/faults/memory_estimate.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "core/memory.h"

namespace samsr {
namespace {

/// A control group's number; none where it sets no limit ("max") or there is no such file.
std::optional<double> group_number(const char* file) {
  std::ifstream in(std::string("/sys/fs/cgroup/") + file);
  double bytes = 0;
  return in >> bytes ? std::optional(bytes) : std::nullopt;
}

std::optional<double> available_on_host() {
  std::ifstream in("/proc/meminfo");
  std::optional<double> available;
  for (std::string name, unit; in >> name;) {
    double kilobytes = 0;
    in >> kilobytes;
    std::getline(in, unit);
    if (name == "MemAvailable:") {
      available = kilobytes * 1024;
      break;
    }
  }
  const auto limit = group_number("memory.max");
  const auto used = group_number("memory.current");
  if (available && limit && used) {
    available = std::min(*available, std::max(0.0, *limit - *used));
  }
  return available;
}

}  // namespace

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
  const auto available = available_on_host();
  if (!available) {
    return std::nullopt;
  }
  return *available / 1e6 + resident_memory_mb() * ranks;
}

std::optional<double> peak_gpu_memory_mb(c10::Device device) {
  if (device.is_cpu()) {
    return std::nullopt;
  }
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  return static_cast<double>(at::accelerator::getDeviceStats(device.index()).allocated_bytes[kAll].peak) / 1e6;
}

}  // namespace samsr
