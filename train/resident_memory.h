#pragma once

namespace samsr {

/// Resident memory of this process in MB (10^6 bytes).
double resident_memory_mb();

}  // namespace samsr
