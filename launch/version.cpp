#include "launch/version.h"

#include <commit.h>

namespace samsr {

std::string program_version() { return SAMSR_VERSION " (" SAMSR_COMMIT ")"; }

}  // namespace samsr
