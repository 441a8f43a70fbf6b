#pragma once

#include <string>

namespace samsr {

/// "0.1.0 (1a2b3c4d5e6f)": version and commit, a "+" behind the commit when files differed from it; the version
/// alone of a build outside a checkout.
std::string program_version();

}  // namespace samsr
