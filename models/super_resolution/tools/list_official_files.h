#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "models/weights/official_files.h"

namespace samsr {

/// Prints each file of the catalogue: where it lies, what needs it, its licence, where it is published. `verify`: says
/// too whether its SHA-256 is the published one; where none is published, whether it can be read as weights. Returns
/// the files that `verify` found to be others, or could not read. UserError when it is to verify a folder that is none.
std::vector<std::string> list_official_files(const OfficialFiles& catalogue, bool verify, std::ostream& out);

}  // namespace samsr
