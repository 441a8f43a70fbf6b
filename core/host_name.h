#pragma once

#include <string>

namespace samsr {

/// Name of this machine in its network.
std::string host_name();

}  // namespace samsr
