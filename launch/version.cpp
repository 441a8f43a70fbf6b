#include "launch/version.h"

#include <commit.h>

namespace samsr {

std::string program_version() {
  const std::string commit = SAMSR_COMMIT;
  return commit == "unknown" ? SAMSR_VERSION : SAMSR_VERSION " (" + commit + ")";
}

}  // namespace samsr
