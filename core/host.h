#pragma once

#include <string>

namespace samsr {

/// Name of this machine in its network.
std::string host_name();

/// "Intel(R) Xeon(R) Gold 6338, 64 cores": what the system says of this host's processors.
std::string processor_name();

}  // namespace samsr
