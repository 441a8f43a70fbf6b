#include "core/lean_memory.h"

#include <cstdlib>  // says whether this is glibc

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace samsr {

void return_freed_memory_at_once() {
#ifdef __GLIBC__
  constexpr int kBytes = 128 * 1024;
  ::mallopt(M_MMAP_THRESHOLD, kBytes);  // also stops glibc from raising it to 32 MB by itself
  ::mallopt(M_TRIM_THRESHOLD, kBytes);
#endif
}

}  // namespace samsr
