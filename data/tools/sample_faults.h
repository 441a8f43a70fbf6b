#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "comm/communicator.h"

namespace samsr {

/// Samples with which something is wrong, as the ranks find them: index → one line.
using SampleFaults = std::map<std::uint64_t, std::string>;

/// Those that all ranks have found. Collective.
SampleFaults gather_faults(const SampleFaults& own, Communicator& comm);

}  // namespace samsr
