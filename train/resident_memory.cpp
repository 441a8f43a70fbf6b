#include "train/resident_memory.h"

#include <sys/resource.h>
#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace samsr {

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
