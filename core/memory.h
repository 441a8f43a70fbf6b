#pragma once

#include <optional>

namespace samsr {

/// From now on freed memory goes back to the system at once instead of waiting for the next allocation of its size:
/// the process is as large as what it holds, and allocating takes longer.
void return_freed_memory_at_once();

/// Memory that this process could still take in MB: what the system has available, within the limits of its control
/// group and of its own address space (ulimit -v). None where the system does not say.
std::optional<double> free_memory_mb();

/// Resident memory of this process in MB (10^6 bytes).
double resident_memory_mb();

/// Gives freed memory that lies between what is in use back to the system. The copies that a checkpoint is written from
/// would otherwise stay resident, every time in other places.
void return_freed_memory();

/// The largest that resident memory of this process has been, in MB.
double peak_memory_mb();

}  // namespace samsr
