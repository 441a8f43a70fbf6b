#pragma once

#include "comm/communicator.h"

namespace samsr::testing {

/// The ranks that this test program was started on with mpirun.
Communicator& world();

}  // namespace samsr::testing
