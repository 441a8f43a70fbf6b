#pragma once

#include <mpi.h>

#include <memory>

#include "comm/work_queue.h"

namespace samsr {

/// A queue over the ranks of `world`. Rank 0 keeps the counter and answers the others from a thread of its own: it
/// computes for minutes between two calls of MPI, and neither messages nor, between hosts, one-sided operations
/// would get on meanwhile. Needs MPI_THREAD_MULTIPLE. Collective.
std::unique_ptr<WorkQueue> make_mpi_work_queue(MPI_Comm world, std::uint64_t items);

}  // namespace samsr
