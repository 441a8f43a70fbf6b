#include "core/parallel.h"

#include <ATen/Parallel.h>

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

}  // namespace samsr
