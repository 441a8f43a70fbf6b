#include "core/parallel.h"

#include <ATen/Parallel.h>
#include <omp.h>

#ifndef _OPENMP
#error "at::parallel_for is a plain loop in a source that is compiled without OpenMP"
#endif

namespace samsr {

void in_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work) {
  at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      work(i);
    }
  });
}

// at::set_num_threads() would count for every thread that begins later, too; OpenMP's number is the thread's own.
OneCore::OneCore() : before_(at::get_num_threads()) { omp_set_num_threads(1); }

OneCore::~OneCore() { omp_set_num_threads(before_); }

}  // namespace samsr
