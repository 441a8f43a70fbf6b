#pragma once

#include <mpi.h>

#include <memory>

#include "comm/status_board.h"

namespace samsr {

/// A board over the ranks of `world`, by messages on a communicator of its own. Needs MPI_THREAD_MULTIPLE. Collective.
std::unique_ptr<StatusBoard> make_mpi_status_board(MPI_Comm world);

}  // namespace samsr
