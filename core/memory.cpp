#include "core/memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace samsr {

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
