#pragma once

namespace samsr {

/// From now on freed memory goes back to the system at once instead of waiting for the next allocation of its size:
/// the process is as large as what it holds, and allocating takes longer.
void return_freed_memory_at_once();

/// Resident memory of this process in MB (10^6 bytes).
double resident_memory_mb();

/// Gives freed memory that lies between what is in use back to the system. The copies that a checkpoint is written from
/// would otherwise stay resident, every time in other places.
void return_freed_memory();

/// The largest that resident memory of this process has been, in MB.
double peak_memory_mb();

}  // namespace samsr
