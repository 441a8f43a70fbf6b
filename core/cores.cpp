#include "core/cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <thread>

namespace samsr {
namespace {

constexpr int kMostCores = 1 << 16;

/// "200000 100000": microseconds of every period; "max" for no limit.
std::optional<double> limit_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  double time = 0;
  double period = 0;
  if (in >> time >> period && time > 0 && period > 0) {
    return time / period;
  }
  return std::nullopt;
}

}  // namespace

std::vector<int> usable_cores() {
  std::vector<int> cores;
  // The set is as large as the kernel's, which may be larger than cpu_set_t.
  for (int size = CPU_SETSIZE; size <= kMostCores; size *= 2) {
    cpu_set_t* set = CPU_ALLOC(size);
    const std::size_t bytes = CPU_ALLOC_SIZE(size);
    const bool fits = ::sched_getaffinity(0, bytes, set) == 0;
    const bool too_small = !fits && errno == EINVAL;
    for (int core = 0; fits && core < size; ++core) {
      if (CPU_ISSET_S(core, bytes, set)) {
        cores.push_back(core);
      }
    }
    CPU_FREE(set);
    if (!too_small) {
      break;
    }
  }
  if (cores.empty()) {
    for (int core = 0; core < std::max(1, static_cast<int>(std::thread::hardware_concurrency())); ++core) {
      cores.push_back(core);
    }
  }
  return cores;
}

std::optional<double> granted_cores(const std::filesystem::path& proc, const std::filesystem::path& groups) {
  std::ifstream lines(proc);
  std::optional<double> least;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("0::/")) {
      continue;
    }
    // Each group is held by its own limit and by those above it.
    std::filesystem::path group = line.substr(std::string("0::/").size());
    while (true) {
      if (const auto limit = limit_of(groups / group / "cpu.max")) {
        least = least ? std::min(*least, *limit) : limit;
      }
      if (group.empty()) {
        break;
      }
      group = group.parent_path();
    }
  }
  return least;
}

}  // namespace samsr
