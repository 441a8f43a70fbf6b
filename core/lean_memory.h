#pragma once

namespace samsr {

/// From now on freed memory goes back to the system at once instead of waiting for the next allocation of its size:
/// the process is as large as what it holds, and allocating takes longer. Where the C library is not glibc, nothing
/// changes.
void return_freed_memory_at_once();

}  // namespace samsr
