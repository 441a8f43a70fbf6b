#pragma once

#include <ostream>

#include "models/weights/official_files.h"

namespace samsr {

/// Prints each file of the catalogue: where it lies, what needs it, its licence, where it is published. `verify`: says
/// too whether its SHA-256 is the published one.
void list_official_files(const OfficialFiles& catalogue, bool verify, std::ostream& out);

}  // namespace samsr
