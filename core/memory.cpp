#include "core/memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace samsr {
namespace {

/// A control group's number; none where it sets no limit ("max") or there is no such file.
std::optional<double> group_bytes(const char* file) {
  std::ifstream in(std::string("/sys/fs/cgroup/") + file);
  double bytes = 0;
  return in >> bytes ? std::optional(bytes) : std::nullopt;
}

std::optional<double> available_bytes() {
  std::ifstream in("/proc/meminfo");
  for (std::string name, unit; in >> name;) {
    double kilobytes = 0;
    in >> kilobytes;
    std::getline(in, unit);
    if (name == "MemAvailable:") {
      return kilobytes * 1024;
    }
  }
  return std::nullopt;
}

/// What is left of the address space that the process may have; none where that is unlimited.
std::optional<double> address_space_bytes() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::nullopt;
  }
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages;
  const double used = pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return std::max(0.0, static_cast<double>(limit.rlim_cur) - used);
}

}  // namespace

std::optional<double> free_memory_mb() {
  auto available = available_bytes();
  const auto limit = group_bytes("memory.max");
  const auto used = group_bytes("memory.current");
  if (available && limit && used) {
    available = std::min(*available, std::max(0.0, *limit - *used));
  }
  if (const auto space = address_space_bytes()) {
    available = std::min(available.value_or(*space), *space);
  }
  return available ? std::optional(*available / 1e6) : std::nullopt;
}

void return_freed_memory_at_once() {
  constexpr int kBytes = 128 * 1024;
  ::mallopt(M_MMAP_THRESHOLD, kBytes);  // also stops glibc from raising it to 32 MB by itself
  ::mallopt(M_TRIM_THRESHOLD, kBytes);
}

double resident_memory_mb() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

double peak_memory_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

void return_freed_memory() { ::malloc_trim(0); }

}  // namespace samsr
