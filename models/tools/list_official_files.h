#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "models/weights/official_files.h"

namespace samsr {

/// Prints each file of the catalogue: where it lies, what needs it, its licence, where it is published. `verify`: says
/// too whether its SHA-256 is the published one. Returns the files that `verify` found to be others, or could not read.
std::vector<std::string> list_official_files(const OfficialFiles& catalogue, bool verify, std::ostream& out);

}  // namespace samsr
