#pragma once

#include <string>

namespace samsr {

/// "Intel(R) Xeon(R) Gold 6338, 64 cores": what the system says of this host's processors.
std::string processor_name();

}  // namespace samsr
